"""Everything that can be measured on one video, in one pass over its ground truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.masks import Mask
from schemas.points import PointCandidate, PointLabel
from stages.evaluate.boundary import region_and_boundary
from stages.evaluate.davis import FrameScore, ObjectScore, score_objects
from stages.evaluate.ground_truth import TruthFrame, VideoTruth
from stages.evaluate.points import PointClaim
from stages.video.mask_images import VOID


@dataclass(frozen=True, slots=True)
class VideoEvaluation:
    """What was measured on one video.

    Attributes:
        video_id: the video.
        frames: J and F of every object of the ground truth on every annotated frame on which it is visible in the
            ground truth or in the masks.
        objects: the DAVIS scores.
        candidates: every candidate against the truth; its kind is its stratum.
        points: every point label against the truth; its kind is its status.
        unmatched: objects of the run that the ground truth does not know.
    """

    video_id: str
    frames: tuple[FrameScore, ...]
    objects: tuple[ObjectScore, ...]
    candidates: tuple[PointClaim, ...]
    points: tuple[PointClaim, ...]
    unmatched: tuple[str, ...]


def evaluate_video(
    truth: VideoTruth,
    masks: Iterable[Mask],
    candidates: Iterable[PointCandidate] = (),
    points: Iterable[PointLabel] = (),
    protocol: str = "semi-supervised",
) -> VideoEvaluation:
    """Measure the masks, candidates and points of one video; of several rounds the latest mask counts.

    Raises:
        ValueError: a mask and its ground truth differ in size, or the ground truth cannot be read.
    """
    mask_at = latest_masks(masks)
    by_frame = _group_by_frame(candidates, points)
    known: set[str] = set()
    scores: list[FrameScore] = []
    claims: list[tuple[PointCandidate | PointLabel, bool | None]] = []
    for frame in truth.frames():
        visible = frame.object_ids()
        known |= visible
        predicted = {mask.object_id: mask for mask in mask_at.get(frame.frame_idx, ())}
        scores += [score_frame(frame, object_id, predicted.get(object_id)) for object_id in visible | set(predicted)]
        claims += [(record, truth_at(frame, record)) for record in by_frame.pop(frame.frame_idx, ())]
    claims += [(record, None) for rest in by_frame.values() for record in rest]
    claims = [(record, on_object if record.object_id in known else None) for record, on_object in claims]
    scores = sorted((s for s in scores if s.object_id in known), key=lambda s: (s.object_id, s.frame_idx))
    return VideoEvaluation(
        truth.video_id,
        tuple(scores),
        tuple(score_objects(truth.video_id, scores, list(truth.paths), protocol)),
        tuple(PointClaim(c.stratum, c.is_fg_candidate, t) for c, t in claims if isinstance(c, PointCandidate)),
        tuple(PointClaim(p.status, _claim_of(p), t) for p, t in claims if isinstance(p, PointLabel)),
        tuple(sorted({mask.object_id for group in mask_at.values() for mask in group} - known)),
    )


def latest_masks(masks: Iterable[Mask]) -> dict[int, list[Mask]]:
    """Masks by frame index; of several rounds of one object the latest."""
    latest: dict[tuple[int, str], Mask] = {}
    for mask in masks:
        key = (mask.frame_idx, mask.object_id)
        if key not in latest or mask.round >= latest[key].round:
            latest[key] = mask
    by_frame: dict[int, list[Mask]] = {}
    for (frame_idx, _), mask in latest.items():
        by_frame.setdefault(frame_idx, []).append(mask)
    return by_frame


def score_frame(frame: TruthFrame, object_id: str, mask: Mask | None) -> FrameScore:
    """J and F of one object on one frame; no mask means an empty one.

    Raises:
        ValueError: the mask and the ground truth differ in size.
    """
    truth = frame.mask(object_id)
    found = np.ascontiguousarray(mask.decode()) if mask else np.zeros_like(truth)
    if found.shape != truth.shape:
        raise ValueError(f"mask of object {object_id!r} is {found.shape}, its ground truth {truth.shape} (H, W)")
    if (void := frame.void()) is not None:
        truth, found = truth & ~void, found & ~void
    return FrameScore(object_id, frame.frame_idx, *region_and_boundary(truth, found))


def truth_at(frame: TruthFrame, pixel: PointCandidate | PointLabel) -> bool | None:
    """Whether a pixel lies on its object; None where the ground truth is open or ends."""
    height, width = frame.labels.shape
    if not (0 <= pixel.x < width and 0 <= pixel.y < height):
        return None
    label = int(frame.labels[pixel.y, pixel.x])
    if label == VOID:
        return None
    return label > 0 if pixel.object_id == frame.sole else frame.object_of(label) == pixel.object_id


def _claim_of(point: PointLabel) -> bool | None:
    return None if point.label is None else point.label == 1


def _group_by_frame(
    candidates: Iterable[PointCandidate], points: Iterable[PointLabel]
) -> dict[int, Sequence[PointCandidate | PointLabel]]:
    by_frame: dict[int, list[PointCandidate | PointLabel]] = {}
    for candidate in candidates:
        by_frame.setdefault(candidate.frame_idx, []).append(candidate)
    for point in points:
        by_frame.setdefault(point.frame_idx, []).append(point)
    return dict(by_frame)
