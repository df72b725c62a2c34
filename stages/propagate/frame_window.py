"""Every frame with what comes just before and just after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from schemas.frames import Frame
from stages.propagate.motion import SmallFrame
from stages.propagate.prefetch import until_error

_SLOW_S, _MOST_FRAMES = 0.165, 5
"""Motion stands for frames up to so many seconds later, in a folder of frames, which has no times, for all; and for
fewer frames than these."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameWindow:
    """A frame and its neighbours. Few of them are looked at, so that each is made small when it is.

    Attributes:
        frame: the frame.
        small: the same, for measuring motion.
        earlier: the frame before it in the same shot, where motion is to be measured, else None. That is on every
            fifth frame of a shot, beginning with its second one: measuring takes a while, and motion hardly changes
            in so short a time. It does change in a slow video: there it is measured on more frames, up to every one.
        following: the frames behind it in the same shot, nearest first.
    """

    frame: Frame
    small: SmallFrame
    earlier: SmallFrame | None
    following: tuple[SmallFrame, ...]


def frame_windows(frames: Iterable[Frame], reach: int, cuts: Container[int]) -> Iterator[FrameWindow]:
    """Every frame in order, ``reach`` frames late; an error in the frames comes after all frames before it.

    Args:
        frames: in decode order.
        reach: how many following frames there are at most.
        cuts: first frames of new shots; each is looked up when it is reached by a frame that it may follow.
    """
    last: SmallFrame | None = None
    measured: tuple[int, float] | None = None
    for frame, small, following in _with_following(frames, reach, cuts):
        earlier = None
        if last is None or frame.idx in cuts:
            measured = None
        elif measured is None or _is_too_late(frame, *measured):
            earlier, measured = last, (frame.idx, frame.time_s)
        yield FrameWindow(frame, small, earlier, following)
        last = small


def _is_too_late(frame: Frame, measured_idx: int, measured_s: float) -> bool:
    """Whether what moved on an earlier frame does not stand for this one."""
    return frame.idx - measured_idx >= _MOST_FRAMES or frame.time_s - measured_s > _SLOW_S


def _with_following(
    frames: Iterable[Frame], reach: int, cuts: Container[int]
) -> Iterator[tuple[Frame, SmallFrame, tuple[SmallFrame, ...]]]:
    """Every frame, the same small, and those behind it in the same shot."""
    failed: list[Exception] = []
    waiting: deque[tuple[Frame, SmallFrame]] = deque()
    for frame in until_error(iter(frames), failed):
        waiting.append((frame, SmallFrame(frame.image)))
        if len(waiting) > reach:
            yield _first(waiting, cuts)
    while waiting:
        yield _first(waiting, cuts)
    if failed:
        raise failed[0]


def _first(
    waiting: deque[tuple[Frame, SmallFrame]], cuts: Container[int]
) -> tuple[Frame, SmallFrame, tuple[SmallFrame, ...]]:
    frame, small = waiting.popleft()
    return frame, small, tuple(other for _, other in takewhile(lambda pair: pair[0].idx not in cuts, waiting))
