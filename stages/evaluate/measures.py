"""What was measured on one video, reduced to what a corpus needs of it: scores of objects, and counts of points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.ranges import VideoTables
from stages.evaluate.davis import ObjectScore
from stages.evaluate.evaluation import evaluate_video
from stages.evaluate.ground_truth import find_truth
from stages.evaluate.points import PointScore, score_by_kind
from stages.video.frame_names import FrameNames


@dataclass(frozen=True, slots=True)
class VideoMeasures:
    """One video against its ground truth.

    Attributes:
        video_id: the video.
        objects: the DAVIS scores.
        candidates: by stratum.
        points: by status.
        unmatched: objects of the run that the ground truth does not know.
        problems: why the video, or some of its ground truth, was not measured.
        notes: how the ground truth was understood.
        has_truth: there is some.
    """

    video_id: str
    objects: tuple[ObjectScore, ...] = ()
    candidates: Mapping[str, PointScore] | None = None
    points: Mapping[str, PointScore] | None = None
    unmatched: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_truth: bool = False


def measure_video(found: VideoTables, ground_truth: Path, protocol: str) -> VideoMeasures:
    """Measure the masks, candidates and points of one video; without ground truth there is nothing to say of it."""
    video = found.video
    try:
        object_ids = {mask.object_id for mask in found.masks}
        size = (video.height, video.width)
        truth = find_truth(ground_truth, video.video_id, object_ids, size, FrameNames(found.frame_names))
        if truth is None:
            return VideoMeasures(video.video_id)
        other = truth.other_size()
        result = evaluate_video(truth, found.masks, found.candidates, found.points, protocol)
    except ValueError as problem:
        return VideoMeasures(video.video_id, problems=(f"{video.video_id}: {problem}",))
    scale = f"ground truth of {other} (H, W) is scaled to {size}, by nearest neighbour"
    return VideoMeasures(
        video.video_id,
        result.objects,
        score_by_kind(result.candidates),
        score_by_kind(result.points),
        result.unmatched,
        problems=(f"{video.video_id}: {truth.unknown}",) if truth.unknown else (),
        notes=(f"{video.video_id}: {scale}",) if other else (),
        has_truth=True,
    )


def add_scores(parts: Iterable[Mapping[str, PointScore] | None]) -> dict[str, PointScore]:
    """Counts of several videos by kind, ``all`` first."""
    kinds: dict[str, PointScore] = {}
    whole = PointScore(0, 0, 0, 0)
    for part in parts:
        for kind, score in (part or {}).items():
            kinds[kind] = kinds[kind] + score if kind in kinds else score
            whole += score
    return {"all": whole, **dict(sorted(kinds.items()))}
