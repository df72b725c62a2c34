from __future__ import annotations

from stages.consensus.clusters import ClusterSums
from stages.consensus.mask_errors import MaskTally, size_name


def test_both_kinds_of_error_are_counted_for_every_group_of_a_mask():
    tally = MaskTally[str]()
    tally.add(["dog", "small"], [(True, "ACCEPTED")] * 4 + [(True, "REJECTED")] * 2 + [(False, "REJECTED")] * 5)
    tally.add(["dog", "large"], [(True, "ACCEPTED")] * 4)
    tally.add(["cat", "small"], [(False, "ACCEPTED"), (False, "AMBIGUOUS"), (True, "AMBIGUOUS")])
    found = tally.errors()
    assert list(found) == ["dog", "small", "large", "cat"]
    assert (found["dog"].false_positive.part, found["dog"].false_positive.whole) == (2, 10)
    assert (found["dog"].false_negative.part, found["dog"].false_negative.whole) == (0, 5)
    assert (found["cat"].false_negative.rate, found["cat"].false_positive.whole, found["cat"].n) == (1.0, 0, 1)
    assert (found["small"].false_negative.part, found["small"].false_negative.whole) == (1, 6)


def test_the_candidates_of_one_mask_are_a_cluster():
    tally, sums = MaskTally[str](), ClusterSums()
    for n_wrong in (0, 0, 3, 0, 5):
        tally.add(["dog"], [(True, "REJECTED" if i < n_wrong else "ACCEPTED") for i in range(6)])
        sums.add(n_wrong, 6)
    assert tally.errors()["dog"].false_positive == sums.proportion()
    assert sums.proportion().design_effect > 3


def test_sizes_have_names_up_to_the_whole_frame():
    names = [size_name(share) for share in (0.0, 0.0099, 0.01, 0.05, 1.0)]
    assert [name.split(",")[0] for name in names] == ["small", "small", "medium", "large", "large"]
