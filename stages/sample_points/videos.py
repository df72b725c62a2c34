"""A tracked video and the points that people are going to be asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.elements import ObjectFrame, SampledVideo, TrackedVideo
from schemas.masks import Mask
from schemas.repairs import Repair, doubted_frames
from stages.patches import unpack_patch
from stages.sample_points.frames import choose_frames
from stages.sample_points.options import SamplingOptions
from stages.sample_points.sampling import sample_video


def chosen_masks(
    masks: Sequence[Mask], references: Mapping[str, int], repairs: Sequence[Repair], options: SamplingOptions
) -> set[ObjectFrame]:
    """The masks that :func:`sample_points` will draw points on, known object by object before all are there.

    Args:
        masks: of some objects of a video, on all frames.
        references: object id → the frame that it was localized on.
        repairs: decisions on these objects.
        options: of the sampling.
    """
    qualities: dict[str, dict[int, float]] = defaultdict(dict)
    for mask in masks:
        qualities[mask.object_id][mask.frame_idx] = mask.quality
    doubted = doubted_frames(repairs)
    return {
        (object_id, frame_idx)
        for object_id, own in qualities.items()
        for frame_idx in choose_frames(own, references.get(object_id), options, doubted.get(object_id))
    }


def sample_points(tracked: TrackedVideo, options: SamplingOptions) -> SampledVideo:
    """Draw the candidates of all objects of a video."""

    def trust(object_id: str, frame_idx: int) -> NDArray[np.uint8] | None:
        packed = tracked.trusts.get((object_id, frame_idx))
        return None if packed is None else unpack_patch(packed)

    candidates = sample_video(
        tracked.job.video_id,
        tracked.masks,
        trust,
        tracked.references,
        tracked.job.groups,
        options,
        doubted=doubted_frames(tracked.repairs),
    )
    return SampledVideo(tracked, tuple(candidates))
