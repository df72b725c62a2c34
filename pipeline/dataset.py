"""The points of a run as a PyTorch data set.

from torch.utils.data import DataLoader
from pipeline.dataset import open_dataset
from stages.train.dataset import ClipSampler

dataset = open_dataset("RUN")
loader = DataLoader(dataset, batch_size=4, sampler=ClipSampler(dataset), num_workers=2)
"""

from __future__ import annotations

from pathlib import Path

from pipeline.runs.folder import RunFolder
from pipeline.runs.splits import require_same_split, splits_of
from schemas.tables import POINTS
from stages.train.dataset import DatasetOptions, JpegFrames, PointVOSDataset


def open_dataset(run: str | Path, split: str = "train", options: DatasetOptions | None = None) -> PointVOSDataset:
    """Clips of the verified points of a run.

    Args:
        run: the run folder on this machine, after ``pointvos merge``.
        split: ``train``, ``val`` or ``test``.
        options: what samples look like.

    Raises:
        UsageProblem: this is no run folder, or its points are not in the splits that it has now.
        FileNotFoundError: the run has no points.
    """
    folder = RunFolder(Path(run)).require()
    dataset = PointVOSDataset(Path(run) / POINTS.name, JpegFrames(folder.frame_file), split, options)
    splits = splits_of(folder)
    for video in dataset.videos:
        require_same_split(video.video_id, {split}, splits)
    return dataset
