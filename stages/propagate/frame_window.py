"""Every frame with what comes just before and just after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from schemas.frames import Frame
from stages.propagate.motion import Grey, small_grey
from stages.propagate.prefetch import until_error

_SLOW_S, _MOST_FRAMES = 0.165, 5
"""Motion stands for frames up to so many seconds later, in a folder of frames, which has no times, for all; and for
fewer frames than these."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameWindow:
    """A frame and its neighbours, small and grey.

    Attributes:
        frame: the frame.
        grey: the frame itself.
        earlier: the frame before it in the same shot, where motion is to be measured, else None. That is on every
            fifth frame of a shot, beginning with its second one: measuring takes a while, and motion hardly changes
            in so short a time. It does change in a slow video: there it is measured on more frames, up to every one.
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
    last: Grey | None = None
    measured: tuple[int, float] | None = None
    for frame, grey, following in _with_following(frames, reach, cuts):
        earlier = None
        if last is None or frame.idx in cuts:
            measured = None
        elif measured is None or _is_too_late(frame, *measured):
            earlier, measured = last, (frame.idx, frame.time_s)
        yield FrameWindow(frame, grey, earlier, following)
        last = grey


def _is_too_late(frame: Frame, measured_idx: int, measured_s: float) -> bool:
    """Whether what moved on an earlier frame does not stand for this one."""
    return frame.idx - measured_idx >= _MOST_FRAMES or frame.time_s - measured_s > _SLOW_S


def _with_following(
    frames: Iterable[Frame], reach: int, cuts: Container[int]
) -> Iterator[tuple[Frame, Grey, tuple[Grey, ...]]]:
    """Every frame, small and grey, and those behind it in the same shot."""
    failed: list[Exception] = []
    waiting: deque[tuple[Frame, Grey]] = deque()
    for frame in until_error(iter(frames), failed):
        waiting.append((frame, small_grey(frame.image)))
        if len(waiting) > reach:
            yield _first(waiting, cuts)
    while waiting:
        yield _first(waiting, cuts)
    if failed:
        raise failed[0]


def _first(waiting: deque[tuple[Frame, Grey]], cuts: Container[int]) -> tuple[Frame, Grey, tuple[Grey, ...]]:
    frame, grey = waiting.popleft()
    return frame, grey, tuple(other for _, other in takewhile(lambda pair: pair[0].idx not in cuts, waiting))
