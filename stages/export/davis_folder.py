"""The masks of one video in the layout of DAVIS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.ranges import VideoTables
from stages.export.davis import frame_name, index_maps, object_indices
from stages.export.index_png import index_png
from stages.export.target import ExportTarget
from stages.video.frame_names import FrameNames


@dataclass(frozen=True, slots=True)
class ExportedMasks:
    """What was written of one video.

    Attributes:
        video_id: the video.
        objects: index in the PNGs → object id.
        n_frames: PNGs.
        problem: why nothing was written; else empty.
    """

    video_id: str
    objects: Mapping[int, str]
    n_frames: int
    problem: str = ""


def write_masks(target: ExportTarget, found: VideoTables) -> ExportedMasks:
    """Write one PNG of object indices for every frame of a video."""
    video = found.video
    try:
        indices = object_indices(mask.object_id for mask in found.masks)
    except ValueError as problem:
        return ExportedMasks(video.video_id, {}, 0, f"{video.video_id}: {problem}")
    stems = FrameNames(found.frame_names).stems()
    n_frames = 0
    for frame_idx, labels in index_maps(video, found.masks, indices):
        target.write(frame_name(video.video_id, frame_idx, stems), index_png(labels))
        n_frames += 1
    return ExportedMasks(video.video_id, {index: object_id for object_id, index in indices.items()}, n_frames)
