"""Where a look is worth most: how wrong a mask may be, times how many frames a correction there would reach."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.refine.ranges import Reach, reach_of

_MOST_TRIED = 64
"""Frames of a gap between annotated frames that are weighed."""


@dataclass(frozen=True, slots=True)
class Look:
    """A frame of one object.

    Attributes:
        frame_idx: 0-based decode index.
        quality: of its mask, -1 when it has none.
        gain: expected mask error that a correction there would lower, in frames.
        n_frames: that the correction would reach.
    """

    frame_idx: int
    quality: float
    gain: float
    n_frames: int


def expected_errors(qualities: Sequence[float]) -> NDArray[np.float64]:
    """How wrong each mask of an object may be, in [0, 1]: little where it is absent, unless it is so for a moment.

    Args:
        qualities: by frame, in [0, 1]; -1 where there is no mask.

    >>> expected_errors([0.75, -1.0, 0.5]).tolist()
    [0.25, 0.5, 0.5]
    """
    quality = np.asarray(qualities, dtype=np.float64)
    present = quality >= 0
    padded = np.pad(present, 5, constant_values=False)
    around = np.array(
        [padded[i : i + 5].any() and padded[i + 6 : i + 11].any() for i in range(len(quality))], dtype=bool
    )
    return np.where(present, 1 - quality, np.where(around, 0.5, 0.1))


def best_look(
    qualities: Sequence[float], annotated: Collection[int], cuts: Collection[int] = (), seen: Collection[int] = ()
) -> Look | None:
    """The frame of one object where a look is worth most; None when all frames are annotated or seen.

    Args:
        qualities: by frame, in [0, 1]; -1 where there is no mask.
        annotated: frames on which a person said something.
        cuts: first frames of new shots.
        seen: frames that were shown already; those near them are left out too.
    """
    apart = max(2, len(qualities) // 50)
    closed = set(annotated) | {idx for one in seen for idx in range(one - apart, one + apart + 1)}
    looks = _looks(qualities, expected_errors(qualities), annotated, cuts, closed)
    return max(looks, key=lambda look: (look.gain, -look.frame_idx), default=None)


def best_looks(
    qualities: Sequence[float],
    errors: NDArray[np.float64],
    annotated: Collection[int],
    cuts: Collection[int] = (),
    most: int = 3,
) -> list[Look]:
    """The frames of one object where a look is worth most, the best first, each once those before it are corrected.

    Args:
        qualities: by frame, in [0, 1]; -1 where there is no mask.
        errors: how wrong each mask may be, in [0, 1], as of :func:`expected_errors` or known better.
        annotated: frames on which a person said something.
        cuts: first frames of new shots.
        most: frames that are returned at most.

    >>> qualities = [0.9, 0.9, 0.4, 0.9, 0.9, 0.9, 0.9, 0.2, 0.9]
    >>> [look.frame_idx for look in best_looks(qualities, expected_errors(qualities), annotated=[0], most=2)]
    [2, 7]
    """
    known, left, found = set(annotated), errors.copy(), list[Look]()
    while len(found) < most:
        looks = _looks(qualities, left, known, cuts, known)
        if not looks:
            break
        best = max(looks, key=lambda look: (look.gain, -look.frame_idx))
        gap = reach_of(best.frame_idx, known, len(qualities), cuts)
        left[gap.frames.start : gap.frames.stop] *= 1 - left[best.frame_idx] * _spread(gap, best.frame_idx)
        known.add(best.frame_idx)
        found.append(best)
    return found


def _looks(
    qualities: Sequence[float],
    errors: NDArray[np.float64],
    annotated: Collection[int],
    cuts: Collection[int],
    closed: Collection[int],
) -> list[Look]:
    return [
        Look(idx, float(qualities[idx]), _gain(errors, reach, idx), len(reach.frames))
        for reach in _gaps(len(qualities), annotated, cuts)
        for idx in _tried(errors, reach, closed)
    ]


def _gaps(n_frames: int, annotated: Collection[int], cuts: Collection[int]) -> list[Reach]:
    """Stretches between annotated frames, each once."""
    gaps, idx = [], 0
    while idx < n_frames:
        if idx in annotated:
            idx += 1
            continue
        gaps.append(reach_of(idx, annotated, n_frames, cuts))
        idx = gaps[-1].frames.stop
    return gaps


def _tried(errors: NDArray[np.float64], gap: Reach, closed: Collection[int]) -> list[int]:
    frames = [idx for idx in gap.frames if idx not in closed]
    worst = sorted(frames, key=lambda idx: -errors[idx])[: _MOST_TRIED // 2]
    return sorted({*worst, *frames[:: max(1, len(frames) // (_MOST_TRIED // 2))]})


def _gain(errors: NDArray[np.float64], gap: Reach, frame_idx: int) -> float:
    """The error at a frame, times the frames around that a correction would weigh on."""
    around = errors[gap.frames.start : gap.frames.stop]
    return float(errors[frame_idx] * (_spread(gap, frame_idx) * around).sum())


def _spread(gap: Reach, frame_idx: int) -> NDArray[np.float64]:
    """(frames of the gap,) how much a correction at a frame counts at each, as of :meth:`Reach.nearness`."""
    idx = np.arange(gap.frames.start, gap.frames.stop, dtype=np.float64)
    spread = np.ones(len(idx))
    if gap.before is not None and gap.before < frame_idx:
        early = idx < frame_idx
        spread[early] = (idx[early] - gap.before) / (frame_idx - gap.before)
    if gap.behind is not None:
        late = idx > frame_idx
        spread[late] = (gap.behind - idx[late]) / (gap.behind - frame_idx)
    return spread
