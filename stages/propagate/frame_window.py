"""Every frame with what comes just before and just after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from schemas.frames import Frame
from stages.propagate.motion import Grey, small_grey
from stages.propagate.prefetch import until_error

_SLOW_S = 0.12
"""Frames farther apart are of a slow video. A folder of frames has no times: all its frames count as close together."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameWindow:
    """A frame and its neighbours, small and grey.

    Attributes:
        frame: the frame.
        grey: the frame itself.
        earlier: the frame before it in the same shot, where motion is to be measured, else None. That is on every
            second frame of a shot, beginning with its second one: measuring takes a while, and motion hardly changes
            from one frame to the next. It does change in a slow video: there it is measured on every frame.
        following: the frames behind it in the same shot, nearest first.
    """

    frame: Frame
    grey: Grey
    earlier: Grey | None
    following: tuple[Grey, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Last:
    """What is kept of the window before: its time, its frame, and whether motion is measured there."""

    time_s: float
    grey: Grey
    has_motion: bool

    def needs_motion_to(self, frame: Frame) -> bool:
        """Whether motion is to be measured between the two."""
        return not self.has_motion or frame.time_s - self.time_s > _SLOW_S


def frame_windows(frames: Iterable[Frame], reach: int, cuts: Container[int]) -> Iterator[FrameWindow]:
    """Every frame in order, ``reach`` frames late; an error in the frames comes after all frames before it.

    Args:
        frames: in decode order.
        reach: how many following frames there are at most.
        cuts: first frames of new shots; each is looked up when it is reached by a frame that it may follow.
    """
    failed: list[Exception] = []
    waiting: deque[tuple[Frame, Grey]] = deque()
    last: _Last | None = None
    for frame in until_error(iter(frames), failed):
        waiting.append((frame, small_grey(frame.image)))
        if len(waiting) > reach:
            yield (window := _first(waiting, last, cuts))
            last = _Last(window.frame.time_s, window.grey, window.earlier is not None)
    while waiting:
        yield (window := _first(waiting, last, cuts))
        last = _Last(window.frame.time_s, window.grey, window.earlier is not None)
    if failed:
        raise failed[0]


def _first(waiting: deque[tuple[Frame, Grey]], last: _Last | None, cuts: Container[int]) -> FrameWindow:
    (frame, grey), *later = waiting
    waiting.popleft()
    earlier = last.grey if last and frame.idx not in cuts and last.needs_motion_to(frame) else None
    return FrameWindow(
        frame, grey, earlier, tuple(other for _, other in takewhile(lambda p: p[0].idx not in cuts, later))
    )
