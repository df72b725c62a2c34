from __future__ import annotations

from stages.agree.mask_errors import mask_errors, size_name


def test_both_kinds_of_error_are_counted_by_group():
    dog = [("dog", True, "ACCEPTED")] * 8 + [("dog", True, "REJECTED")] * 2 + [("dog", False, "REJECTED")] * 5
    cat = [("cat", False, "ACCEPTED"), ("cat", False, "AMBIGUOUS"), ("cat", True, "AMBIGUOUS")]
    found = mask_errors([*dog, *cat])
    assert list(found) == ["dog", "cat"]
    assert (found["dog"].false_positive.part, found["dog"].false_positive.whole) == (2, 10)
    assert (found["dog"].false_negative.part, found["dog"].false_negative.whole) == (0, 5)
    assert (found["cat"].false_negative.rate, found["cat"].false_positive.whole, found["cat"].n) == (1.0, 0, 1)


def test_sizes_have_names_up_to_the_whole_frame():
    names = [size_name(share) for share in (0.0, 0.0099, 0.01, 0.05, 1.0)]
    assert [name.split(",")[0] for name in names] == ["small", "small", "medium", "large", "large"]
