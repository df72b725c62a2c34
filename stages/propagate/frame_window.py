"""Every frame with what comes just before and just after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from schemas.frames import Frame
from stages.propagate.motion import Grey, small_grey
from stages.propagate.prefetch import until_error


@dataclass(frozen=True, slots=True, eq=False)
class FrameWindow:
    """A frame and its neighbours, small and grey.

    Attributes:
        frame: the frame.
        grey: the frame itself.
        earlier: the frame before, on every second frame of a shot, of which the second is the first one; None on the
            others: what moves hardly changes from one frame to the next, and to measure it takes a while.
        following: the frames behind it in the same shot, nearest first.
    """

    frame: Frame
    grey: Grey
    earlier: Grey | None
    following: tuple[Grey, ...]


def frame_windows(frames: Iterable[Frame], reach: int, cuts: Container[int]) -> Iterator[FrameWindow]:
    """Every frame in order, ``reach`` frames late; an error in the frames comes after all frames before it.

    Args:
        frames: in decode order.
        reach: how many following frames there are at most.
        cuts: first frames of new shots; each is looked up when it is reached by a frame that it may follow.
    """
    failed: list[Exception] = []
    waiting: deque[tuple[Frame, Grey]] = deque()
    last: Grey | None = None
    for frame in until_error(iter(frames), failed):
        waiting.append((frame, small_grey(frame.image)))
        if len(waiting) > reach:
            yield (window := _first(waiting, last, cuts))
            last = window.grey if window.earlier is None else None
    while waiting:
        yield (window := _first(waiting, last, cuts))
        last = window.grey if window.earlier is None else None
    if failed:
        raise failed[0]


def _first(waiting: deque[tuple[Frame, Grey]], last: Grey | None, cuts: Container[int]) -> FrameWindow:
    (frame, grey), *later = waiting
    waiting.popleft()
    earlier = None if frame.idx in cuts else last
    return FrameWindow(
        frame, grey, earlier, tuple(other for _, other in takewhile(lambda p: p[0].idx not in cuts, later))
    )
