"""Scores of masks as the DAVIS benchmarks define them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

PROTOCOLS = ("semi-supervised", "all-frames")
"""Semi-supervised leaves out the first frame, which was given, and the last; the others use every frame."""


@dataclass(frozen=True, slots=True)
class FrameScore:
    """Region similarity ``j`` and boundary accuracy ``f`` of one object on one frame, in [0, 1]."""

    object_id: str
    frame_idx: int
    j: float
    f: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a measure does over the frames of one object.

    Attributes:
        mean: over frames.
        recall: share of frames above one half.
        decay: mean of the first quarter minus mean of the last one.
    """

    mean: float
    recall: float
    decay: float


@dataclass(frozen=True, slots=True)
class ObjectScore:
    """The DAVIS scores of one object of one video."""

    video_id: str
    object_id: str
    n_frames: int
    j: Statistics
    f: Statistics

    @property
    def j_and_f(self) -> float:
        """Mean of J and F."""
        return (self.j.mean + self.f.mean) / 2


def statistics(values: Sequence[float]) -> Statistics:
    """Mean, recall and decay of one measure over the frames of one object, in frame order.

    Source: Perazzi et al. 2016; bin edges as in davis2017-evaluation, in 64-bit integers (8-bit ones wrap around
    beyond 256 frames).

    >>> statistics([1.0, 1.0, 0.4, 0.2])
    Statistics(mean=0.65, recall=0.5, decay=0.7)
    """
    series = np.asarray(values, dtype=np.float64)
    edges = (np.round(np.linspace(1, len(series), 5) + 1e-10) - 1).astype(np.int64)
    first, last = series[edges[0] : edges[1] + 1], series[edges[3] : edges[4] + 1]
    return Statistics(float(series.mean()), float((series > 0.5).mean()), float(first.mean() - last.mean()))


def scored_frames(frames: Sequence[int], protocol: str) -> list[int]:
    """Frames that count under ``protocol``; a video of one or two frames counts whole.

    >>> scored_frames([0, 1, 2, 3], "semi-supervised")
    [1, 2]
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"unknown protocol {protocol!r}; known: {', '.join(PROTOCOLS)}")
    ordered = sorted(frames)
    return ordered[1:-1] if protocol == "semi-supervised" and len(ordered) > 2 else ordered


def score_objects(
    video_id: str, scores: Sequence[FrameScore], frames: Sequence[int], protocol: str
) -> list[ObjectScore]:
    """One score an object over the frames that count.

    Args:
        video_id: the video.
        scores: of all objects; an object without a score on a frame is absent there, rightly (J = F = 1).
        frames: every annotated frame.
        protocol: one of PROTOCOLS.
    """
    by_object: dict[str, dict[int, FrameScore]] = {}
    for score in scores:
        by_object.setdefault(score.object_id, {})[score.frame_idx] = score
    counted = scored_frames(frames, protocol)
    return [_score_object(video_id, object_id, found, counted) for object_id, found in sorted(by_object.items())]


def _score_object(
    video_id: str, object_id: str, found: Mapping[int, FrameScore], counted: Sequence[int]
) -> ObjectScore:
    regions = [found[idx].j if idx in found else 1.0 for idx in counted]
    boundaries = [found[idx].f if idx in found else 1.0 for idx in counted]
    return ObjectScore(video_id, object_id, len(counted), statistics(regions), statistics(boundaries))
