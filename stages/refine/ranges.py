"""Which frames a correction may change.

Source: Vujasinović et al., "CiVOS: Revisiting Click-based Interactive Video Object Segmentation" (ICIP 2022).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_MOST_BEYOND = 4
"""Annotated frames that are remembered besides the neighbouring ones."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The frames around a corrected one that are propagated to again.

    Attributes:
        frame_idx: the corrected frame.
        frames: all frames that may change, ``frame_idx`` among them.
        before: the annotated frame that bounds them from below; None where the video or the shot begins there.
        behind: the one that bounds them from above, or None.
        beyond: the nearest other annotated frames of the shot, in order; the model remembers them too.
    """

    frame_idx: int
    frames: range
    before: int | None
    behind: int | None
    beyond: tuple[int, ...] = ()

    def nearness(self, frame_idx: int) -> float:
        """How much the new mask counts at a frame, in [0, 1]: 1 at the corrected frame, 0 at an older annotation.

        >>> reach = reach_of(4, annotated=[0], n_frames=9)
        >>> [reach.nearness(idx) for idx in (1, 2, 4, 8)]
        [0.25, 0.5, 1.0, 1.0]
        """
        bound = self.before if frame_idx < self.frame_idx else self.behind
        if bound is None or frame_idx == self.frame_idx:
            return 1.0
        return abs(bound - frame_idx) / abs(bound - self.frame_idx)


def reach_of(frame_idx: int, annotated: Collection[int], n_frames: int, cuts: Collection[int] = ()) -> Reach:
    """The frames between the neighbouring annotated frames, which are never overwritten, within the shot.

    Args:
        frame_idx: the frame that is corrected; whether it was annotated before does not count.
        annotated: frames on which a person said something of the object.
        n_frames: of the video.
        cuts: first frames of new shots.

    >>> reach_of(5, annotated=[2, 5, 9], n_frames=12).frames, reach_of(5, [2], n_frames=12, cuts=[4, 8]).frames
    (range(3, 9), range(4, 8))
    """
    if not 0 <= frame_idx < n_frames:
        raise ValueError(f"frame {frame_idx} is not in a video of {n_frames} frames")
    first = max((cut for cut in cuts if cut <= frame_idx), default=0)
    stop = min((cut for cut in cuts if cut > frame_idx), default=n_frames)
    before = max((idx for idx in annotated if first <= idx < frame_idx), default=None)
    behind = min((idx for idx in annotated if frame_idx < idx < stop), default=None)
    others = [idx for idx in annotated if first <= idx < stop and idx not in (frame_idx, before, behind)]
    beyond = sorted(sorted(others, key=lambda idx: (abs(idx - frame_idx), idx))[:_MOST_BEYOND])
    reached = range(first if before is None else before + 1, stop if behind is None else behind)
    return Reach(frame_idx, reached, before, behind, tuple(beyond))
