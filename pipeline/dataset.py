"""The points of a run as a PyTorch dataset.

from torch.utils.data import DataLoader
from pipeline.dataset import open_dataset
from stages.train.dataset import ClipSampler

dataset = open_dataset("RUN")
loader = DataLoader(dataset, batch_size=4, sampler=ClipSampler(dataset), num_workers=2)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.runs.folder import RunFolder
from pipeline.runs.frame_files import names_of
from pipeline.runs.resampling import source_of
from pipeline.runs.splits import require_same_split, splits_of
from pipeline.runs.units import unit_records, videos_of
from schemas import tables
from schemas.masks import Mask
from schemas.tables import POINTS
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.evaluate.evaluation import latest_masks
from stages.evaluate.ground_truth import find_truth
from stages.train.dataset import DatasetOptions, JpegFrames, MaskReader, PointVOSDataset
from stages.train.video_frames import VideoFrames

_IN_MEMORY = 16
"""Videos whose masks are kept, a worker."""


def open_dataset(
    run: str | Path,
    split: str | None = "train",
    options: DatasetOptions | None = None,
    read_mask: MaskReader | None = None,
    points: Path | None = None,
    reads_videos: bool = False,
) -> PointVOSDataset:
    """Clips of the verified points of a run.

    Args:
        run: the run folder on this machine, after ``pointvos merge``.
        split: ``train``, ``val`` or ``test``; None for all.
        options: what samples look like.
        read_mask: such as :class:`RunMasks`, for samples that have masks too.
        points: a folder of Parquet files of other points on its frames; the run's own by default.
        reads_videos: read frames from the videos, where they were annotated; else from the JPEGs of the run.

    Raises:
        UsageProblem: this is not a run folder, or its points are not in the splits that it has now.
        FileNotFoundError: the run has no points.
    """
    folder = RunFolder(Path(run)).require()
    rows = points or Path(run) / POINTS.name
    read_frame = VideoFrames(partial(_source_of, folder)) if reads_videos else JpegFrames(folder.frame_file)
    dataset = PointVOSDataset(rows, read_frame, split, options, read_mask)
    if split is not None:
        splits = splits_of(folder)
        for video in dataset.videos:
            require_same_split(video.video_id, {split}, splits)
    return dataset


@dataclass(frozen=True, slots=True)
class RunMasks:
    """Reads the pseudo-masks of a run.

    Attributes:
        run: the run.
    """

    run: RunFolder

    def __call__(self, video_id: str, object_id: str, frame_idx: int) -> NDArray[np.bool_] | None:
        """(H, W) bool, the latest round's; nothing on it where the object has no mask on a frame of its video."""
        video, masks = _masks_of(self.run, video_id)
        found = masks.get((object_id, frame_idx))
        return np.zeros((video.height, video.width), dtype=bool) if found is None else found.decode()


@dataclass(frozen=True, slots=True)
class TrueMasks:
    """Reads ground truth, ``VIDEO_ID/FRAME.png``, for the objects of a run.

    Attributes:
        run: the run.
        folder: of the ground truth.
    """

    run: RunFolder
    folder: Path

    def __call__(self, video_id: str, object_id: str, frame_idx: int) -> NDArray[np.bool_] | None:
        """(H, W) bool; None on frames without ground truth.

        Raises:
            ValueError: a file is damaged or of another size.
        """
        return _truth_of(self.run, self.folder, video_id, frame_idx).get(object_id)


def _source_of(run: RunFolder, video_id: str) -> VideoFile:
    return source_of(_videos(run)[video_id])


@lru_cache(maxsize=_IN_MEMORY)
def _videos(run: RunFolder) -> Mapping[str, Video]:
    return {video.video_id: video for video in videos_of(run)}


@lru_cache(maxsize=_IN_MEMORY)
def _masks_of(run: RunFolder, video_id: str) -> tuple[Video, Mapping[tuple[str, int], Mask]]:
    video = _videos(run)[video_id]
    by_frame = latest_masks(unit_records(run, tables.MASKS, video))
    return video, {(mask.object_id, frame_idx): mask for frame_idx, masks in by_frame.items() for mask in masks}


@lru_cache(maxsize=_IN_MEMORY)
def _objects_of(run: RunFolder, video_id: str) -> tuple[Video, frozenset[str]]:
    video, masks = _masks_of(run, video_id)
    return video, frozenset(object_id for object_id, _ in masks)


@lru_cache(maxsize=64)
def _truth_of(run: RunFolder, folder: Path, video_id: str, frame_idx: int) -> Mapping[str, NDArray[np.bool_]]:
    video, object_ids = _objects_of(run, video_id)
    truth = find_truth(folder, video_id, object_ids, (video.height, video.width), names_of(video))
    frames = truth.only({frame_idx}) if truth else ()
    return {object_id: frame.mask(object_id) for frame in frames for object_id in object_ids}
