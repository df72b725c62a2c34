"""Which frames are most worth checking: the expected error of a mask, times the frames a correction would reach."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.refine.ranges import Reach, reach_of

_NOT_JUDGED = 0.9
"""Factor of the expected error of frames without verified points, where other frames have some: of two frames that are
as doubtful, the one that people judged comes first."""
_SAID_WRONG = 0.9
"""Expected error where somebody said that the mask is another object's, or that the object is not there at all."""
_MOST_TRIED = 64
"""Frames of a gap between annotated frames that are weighed."""


@dataclass(frozen=True, slots=True)
class RankedFrame:
    """A frame of one object.

    Attributes:
        frame_idx: 0-based decode index.
        quality: of its mask, -1 when it has none.
        error: expected of its mask, in [0, 1].
        gain: expected mask error that a correction there would lower, in frames.
        n_frames: that the correction would reach.
    """

    frame_idx: int
    quality: float
    error: float
    gain: float
    n_frames: int


def expected_errors(
    qualities: Sequence[float],
    contradicted: Mapping[int, float] | None = None,
    wrong: Collection[int] = (),
    lost: Collection[int] = (),
) -> NDArray[np.float64]:
    """How wrong each mask of an object may be, in [0, 1]: little where it is absent, unless it is so for a moment.

    Args:
        qualities: by frame, in [0, 1]; -1 where there is no mask.
        contradicted: mean of both error rates of a mask as verified points show them, by frame; with any, they count
            half and the quality counts half, and a frame without points has the rate of the nearest one with some.
        wrong: frames whose whole mask somebody called wrong.
        lost: frames that cannot be decoded, on which there is nothing to correct.

    Returns:
        (frames,) float64.

    >>> expected_errors([0.75, -1.0, 0.5]).tolist()
    [0.25, 0.5, 0.5]
    >>> expected_errors([0.75, 0.75, 0.5], {1: 0.125}).tolist()
    [0.225, 0.25, 0.3375]
    >>> expected_errors([0.75, 0.75, 0.5], wrong=[0], lost=[2]).tolist()
    [0.9, 0.25, 0.0]
    """
    quality = np.asarray(qualities, dtype=np.float64)
    present = quality >= 0
    padded = np.pad(present, 5, constant_values=False)
    around = np.array(
        [padded[i : i + 5].any() and padded[i + 6 : i + 11].any() for i in range(len(quality))], dtype=bool
    )
    doubt = 1 - quality
    if contradicted:
        known = np.array(sorted(contradicted))
        nearest = known[np.abs(np.arange(len(quality))[:, None] - known).argmin(axis=1)]
        doubt = np.array([contradicted[int(idx)] for idx in nearest]) + 0.5 * doubt
    errors = np.where(present, np.clip(doubt, 0, 1), np.where(around, 0.5, 0.1))
    if contradicted:
        errors[[idx for idx in range(len(errors)) if idx not in contradicted]] *= _NOT_JUDGED
    errors[list(wrong)] = _SAID_WRONG
    errors[list(lost)] = 0.0
    return errors


def error_rate(points: Iterable[tuple[bool, bool]]) -> float:
    """The mean of the shares of a mask's two sides that are wrong: 0.5 (FP + FN); 0 without points.

    Args:
        points: (the mask calls it the object's, it is the object's).

    >>> error_rate([(True, True), (True, False), (False, False)])
    0.25
    """
    wrong: dict[bool, list[bool]] = {True: [], False: []}
    for claim, truth in points:
        wrong[claim].append(claim != truth)
    return 0.5 * sum(sum(side) / len(side) for side in wrong.values() if side)


def best_frame(
    qualities: Sequence[float],
    errors: NDArray[np.float64],
    annotated: Collection[int],
    cuts: Collection[int] = (),
    seen: Collection[int] = (),
) -> RankedFrame | None:
    """The frame of one object most worth checking; None when no error is expected on frames that nobody has checked.

    Of equals the one with the largest gap between frames that a person has seen.

    Args:
        qualities: by frame, in [0, 1]; -1 where there is no mask.
        errors: how wrong each mask may be, as of :func:`expected_errors`.
        annotated: frames on which a person said something.
        cuts: first frames of new shots.
        seen: frames that were shown already; those near them are left out too.
    """
    apart = max(2, len(qualities) // 50)
    closed = set(annotated) | {idx for one in seen for idx in range(one - apart, one + apart + 1)}
    ranked = _ranked(qualities, errors, annotated, cuts, closed)
    return max(ranked, key=_rank, default=None)


def best_frames(
    qualities: Sequence[float],
    errors: NDArray[np.float64],
    annotated: Collection[int],
    cuts: Collection[int] = (),
    most: int = 3,
) -> list[RankedFrame]:
    """The frames of one object most worth checking, best first, each ranked as if those before it were corrected.

    Args:
        qualities: by frame, in [0, 1]; -1 where there is no mask.
        errors: how wrong each mask may be, in [0, 1], as of :func:`expected_errors`.
        annotated: frames on which a person said something.
        cuts: first frames of new shots.
        most: frames that are returned at most.

    >>> qualities = [0.9, 0.9, 0.4, 0.9, 0.9, 0.9, 0.9, 0.2, 0.9]
    >>> [frame.frame_idx for frame in best_frames(qualities, expected_errors(qualities), annotated=[0], most=2)]
    [2, 7]
    """
    known, left, found = set(annotated), errors.copy(), list[RankedFrame]()
    while len(found) < most:
        ranked = _ranked(qualities, left, known, cuts, known)
        if not ranked:
            break
        best = max(ranked, key=_rank)
        gap = reach_of(best.frame_idx, known, len(qualities), cuts)
        left[gap.frames.start : gap.frames.stop] *= 1 - left[best.frame_idx] * _spread(gap, best.frame_idx)
        known.add(best.frame_idx)
        found.append(best)
    return found


def rank_frame(
    qualities: Sequence[float],
    errors: NDArray[np.float64],
    frame_idx: int,
    annotated: Collection[int],
    cuts: Collection[int] = (),
) -> RankedFrame:
    """What checking one frame is worth, whether a person said something there already or not."""
    gap = reach_of(frame_idx, annotated, len(qualities), cuts)
    error, gain = float(errors[frame_idx]), _gain(errors, gap, frame_idx)
    return RankedFrame(frame_idx, float(qualities[frame_idx]), error, gain, len(gap.frames))


def _ranked(
    qualities: Sequence[float],
    errors: NDArray[np.float64],
    annotated: Collection[int],
    cuts: Collection[int],
    closed: Collection[int],
) -> list[RankedFrame]:
    return [
        RankedFrame(idx, float(qualities[idx]), float(errors[idx]), _gain(errors, reach, idx), len(reach.frames))
        for reach in _gaps(len(qualities), annotated, cuts)
        for idx in _weighed(errors, reach, closed)
    ]


def _rank(frame: RankedFrame) -> tuple[float, int, int]:
    return frame.gain, frame.n_frames, -frame.frame_idx


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


def _weighed(errors: NDArray[np.float64], gap: Reach, closed: Collection[int]) -> list[int]:
    """Frames of a gap that are weighed; none on which no error is expected, such as lost ones."""
    frames = [idx for idx in gap.frames if idx not in closed and errors[idx] > 0]
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
