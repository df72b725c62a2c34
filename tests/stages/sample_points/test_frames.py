from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stages.sample_points.frames import choose_frames
from stages.sample_points.options import SamplingOptions

CENTRES = SamplingOptions(frames=10, prefer_quality=0, skip_worst=0)


def test_frames_are_the_bin_centres_of_the_visible_frames():
    visible = [*range(20, 60), *range(100, 107)]
    chosen = choose_frames(dict.fromkeys(visible, 0.5), None, CENTRES)
    assert chosen == [visible[int((i + 0.5) * 47 / 10)] for i in range(10)]


def test_the_frame_nearest_the_reference_gives_way_to_it():
    assert choose_frames(dict.fromkeys(range(100), 0.5), 12, CENTRES) == [5, 12, *range(25, 100, 10)]


def test_a_reference_on_which_the_object_is_not_visible_changes_nothing():
    assert choose_frames(dict.fromkeys(range(100), 0.5), 500, CENTRES) == list(range(5, 100, 10))


def test_fewer_visible_frames_are_all_taken():
    assert choose_frames({4: 0.1, 9: 0.9}, 4, SamplingOptions()) == [4, 9]
    assert choose_frames({}, 4, SamplingOptions()) == []


def test_the_best_frame_of_a_bin_is_preferred():
    qualities = {idx: 0.9 if idx in (3, 18) else 0.5 for idx in range(20)}
    options = SamplingOptions(frames=2, prefer_quality=0.8, skip_worst=0)
    assert choose_frames(qualities, None, options) == [3, 18]
    assert choose_frames(qualities, None, SamplingOptions(frames=2, prefer_quality=0, skip_worst=0)) == [5, 15]


def test_the_worst_frames_are_left_out_unless_too_few_remain():
    qualities = {idx: 0.1 if idx < 2 else 0.5 for idx in range(10)}
    assert choose_frames(qualities, None, SamplingOptions(frames=8, skip_worst=0.2)) == list(range(2, 10))
    assert choose_frames(qualities, None, SamplingOptions(frames=10, skip_worst=0.2)) == list(range(10))


def test_an_object_that_is_lost_gets_fewer_frames():
    qualities = {idx: 0.8 if idx < 6 else 0.5 for idx in range(30)}
    assert choose_frames(qualities, 0, SamplingOptions(least_quality=0.75)) == list(range(6))
    assert len(choose_frames(qualities, 0, SamplingOptions(least_quality=0.5))) == 10


@given(
    st.dictionaries(st.integers(0, 400), st.floats(0, 1), max_size=80),
    st.integers(0, 400) | st.none(),
    st.integers(1, 12),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_choices_are_visible_distinct_and_as_many_as_asked(qualities, reference, n_frames, prefer, skip):
    options = SamplingOptions(frames=n_frames, prefer_quality=prefer, skip_worst=skip)
    chosen = choose_frames(qualities, reference, options)
    assert bool(chosen) == bool(qualities)
    assert len(chosen) <= n_frames
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(qualities)
    assert reference not in qualities or reference in chosen


def test_a_doubted_frame_is_asked_however_bad_and_never_in_place_of_the_reference():
    qualities = {idx: 0.1 if idx == 42 else 0.8 for idx in range(101)}
    assert choose_frames(qualities, None, CENTRES) == [5, 15, 25, 35, 46, 56, 66, 76, 86, 96]
    assert choose_frames(qualities, 12, CENTRES, 42) == [5, 12, 25, 35, 42, 56, 66, 76, 86, 96]
    assert choose_frames(qualities, 41, CENTRES, 42) == [5, 15, 25, 41, 42, 56, 66, 76, 86, 96]
    assert choose_frames(qualities, 42, CENTRES, 42) == choose_frames(qualities, 42, CENTRES)
    assert choose_frames(qualities, 41, SamplingOptions(frames=1), 42) == [41]
    assert choose_frames(qualities, None, CENTRES, 500) == choose_frames(qualities, None, CENTRES)
