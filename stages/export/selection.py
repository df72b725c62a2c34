"""What of a video an export holds: what people verified, or all that the run proposes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from schemas.points import PointCandidate, PointLabel
from schemas.ranges import VideoTables


@dataclass
class PointSelection:
    """Chooses the points of an export, video by video.

    Attributes:
        has_unanswered: candidates that nobody answered are written too.
        n_unanswered: how many there were in the videos so far.
    """

    has_unanswered: bool
    n_unanswered: int = 0

    def select(self, found: VideoTables) -> VideoTables:
        """A video with the points that are written."""
        self.n_unanswered += len(unanswered(found))
        return with_unanswered(found) if self.has_unanswered else found


def unanswered(found: VideoTables) -> list[PointCandidate]:
    """The candidates of a video that gave no point."""
    answered = {point.candidate_id for point in found.points}
    return [candidate for candidate in found.candidates if candidate.candidate_id not in answered]


def with_unanswered(found: VideoTables) -> VideoTables:
    """A video with a point for every candidate that nobody answered: AMBIGUOUS, of 0 verdicts."""
    split = found.points[0].split if found.points else found.split
    models = {point.object_id: (point.segmenter, point.propagator) for point in found.points}
    added = (
        _point(found, candidate, split, *models.get(candidate.object_id, ("", ""))) for candidate in unanswered(found)
    )
    return replace(found, points=(*found.points, *added))


def with_verified_masks(found: VideoTables) -> VideoTables:
    """A video without the masks of objects on frames on which no point of theirs was decided."""
    decided = {(point.object_id, point.frame_idx) for point in found.points if point.label is not None}
    return replace(found, masks=tuple(mask for mask in found.masks if (mask.object_id, mask.frame_idx) in decided))


def _point(found: VideoTables, candidate: PointCandidate, split: str, segmenter: str, propagator: str) -> PointLabel:
    return PointLabel(
        video_id=candidate.video_id,
        object_id=candidate.object_id,
        object_name=found.names.get(candidate.object_id, ""),
        expression=found.expressions.get(candidate.object_id, ""),
        frame_idx=candidate.frame_idx,
        time_s=found.video.time_s(candidate.frame_idx),
        x=candidate.x,
        y=candidate.y,
        label=None,
        status="AMBIGUOUS",
        is_fg_candidate=candidate.is_fg_candidate,
        split=split,
        segmenter=segmenter,
        propagator=propagator,
        round=candidate.round,
        n_verdicts=0,
        candidate_id=candidate.candidate_id,
    )
