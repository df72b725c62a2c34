import numpy as np
import pytest

from schemas.frames import Frame
from stages.propagate.frame_window import frame_windows


def frames(n, error=None, rate=25, lost=()):
    for idx in range(n):
        if idx not in lost:
            yield Frame(idx, idx / rate, np.full((18, 32, 3), idx, dtype=np.uint8))
    if error:
        raise error


def told(stream):
    """(frame index, brightness before, brightnesses behind) of every frame."""

    def brightness(small):
        return None if small is None else int(small.grey[0, 0])

    return [
        (here.frame.idx, brightness(here.earlier), [brightness(small) for small in here.following]) for here in stream
    ]


def test_every_frame_comes_with_those_behind_and_every_fifth_one_with_the_one_before():
    assert told(frame_windows(frames(7), 2, frozenset())) == [
        (0, None, [1, 2]),
        (1, 0, [2, 3]),
        (2, None, [3, 4]),
        (3, None, [4, 5]),
        (4, None, [5, 6]),
        (5, None, [6]),
        (6, 5, []),
    ]


def test_nothing_is_read_ahead_without_reach():
    source = frames(4)
    stream = frame_windows(source, 0, frozenset())
    assert next(stream).following == ()
    assert next(source).idx == 1


def test_no_neighbour_lies_beyond_a_cut():
    assert [following for _, _, following in told(frame_windows(frames(5), 3, {3}))] == [[1, 2], [2], [], [4], []]


def test_the_second_frame_of_a_shot_comes_with_the_one_before():
    found = told(frame_windows(frames(10), 1, {3}))
    assert [before for _, before, _ in found] == [None, 0, None, None, 3, None, None, None, None, 8]


def test_at_ten_frames_a_second_every_second_frame_comes_with_the_one_before() -> None:
    assert [before for _, before, _ in told(frame_windows(frames(6, rate=10), 1, ()))] == [None, 0, None, 2, None, 4]


@pytest.mark.parametrize("rate", [1, 6])
def test_every_frame_of_a_slow_video_comes_with_the_one_before_but_none_across_a_cut(rate: int) -> None:
    found = told(frame_windows(frames(5, rate=rate), 1, {3}))
    assert [before for _, before, _ in found] == [None, 0, 1, None, 3]


def test_a_frame_behind_lost_ones_comes_with_the_last_one_that_was_decoded() -> None:
    found = told(frame_windows(frames(6, rate=10, lost={2}), 1, frozenset()))
    assert [(idx, before) for idx, before, _ in found] == [(0, None), (1, 0), (3, 1), (4, None), (5, 4)]


def test_an_error_comes_after_the_frames_before_it():
    stream = frame_windows(frames(2, OSError("truncated")), 4, frozenset())
    assert [next(stream).frame.idx, next(stream).frame.idx] == [0, 1]
    with pytest.raises(OSError, match="truncated"):
        next(stream)
