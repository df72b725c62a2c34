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
        earlier: the frame before; None for the first one.
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
    earlier: Grey | None = None
    for frame in until_error(iter(frames), failed):
        waiting.append((frame, small_grey(frame.image)))
        if len(waiting) > reach:
            yield _first(waiting, earlier, cuts)
            earlier = waiting.popleft()[1]
    while waiting:
        yield _first(waiting, earlier, cuts)
        earlier = waiting.popleft()[1]
    if failed:
        raise failed[0]


def _first(waiting: deque[tuple[Frame, Grey]], earlier: Grey | None, cuts: Container[int]) -> FrameWindow:
    (frame, grey), *later = waiting
    return FrameWindow(
        frame, grey, earlier, tuple(other for _, other in takewhile(lambda p: p[0].idx not in cuts, later))
    )
