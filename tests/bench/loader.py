"""How fast clips of verified points are loaded, beside what the decoder alone does with the same frames.

All with two workers, in turns in one run; what counts are the ratios, medians over the rounds. ``bare`` are two
processes that decode the frames of the same clips and throw them away: the decoder's own speed in a plain loop.
``kept`` are two such processes that keep the memory of freed frames, as the workers of the dataset do: no loader can
be faster.
``decoded`` is a dataset that does nothing but decode, read through the same ``DataLoader``.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from schemas.points import PointLabel
from schemas.tables import POINTS
from schemas.video_files import VideoFile
from stages.train.dataset import ClipSampler, DatasetOptions, JpegFrames, PointVOSDataset
from stages.train.video_frames import VideoFrames
from stages.train.worker_memory import keep_freed_memory
from stages.video import open_video

WORKERS, ROUNDS, POINTS_A_FRAME, FRAMES_A_VIDEO, CLIPS_A_BATCH = 2, 5, 20, 10, 4
BASES = ("bare", "kept", "decoded")
BAR = 0.9
"""Of the speed of the plain loop."""

Place = tuple[str, int]
"""Video id and frame index."""
Read = Callable[[str, int], Any]


class _Decoded(Dataset[torch.Tensor]):
    """The frames of each clip, as they are decoded."""

    def __init__(self, read: Read, clips: Sequence[Sequence[Place]]) -> None:
        self._read, self._clips = read, clips

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, number: int) -> torch.Tensor:
        return torch.from_numpy(np.stack([self._read(*place) for place in self._clips[number]]))


def measure(data: Path, work: Path, rounds: int = ROUNDS, clips_a_video: int = 48) -> dict[str, Any]:
    """Speeds in frames a second and their ratios, of JPEG frames and of video files.

    Args:
        data: the folder with ``davis`` and ``clips``.
        work: an empty folder.
        rounds: how often everything is measured.
        clips_a_video: clips an epoch of each video.
    """
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    frames = data / "davis" / "JPEGImages" / "480p"
    folders = {folder.name: len(list(folder.glob("*.jpg"))) for folder in sorted(frames.iterdir())}
    jpeg = JpegFrames(partial(jpeg_file, frames))
    found = {"jpeg": compare(dataset_of(work / "jpeg", folders, jpeg, clips_a_video), jpeg, rounds)}
    files = {file.stem: VideoFile(file.stem, str(file)) for file in sorted((data / "clips").glob("*.mp4"))}
    lengths = {name: _length(file) for name, file in files.items()}
    films = VideoFrames(files.__getitem__)
    found["video"] = compare(dataset_of(work / "video", lengths, films, max(clips_a_video // 12, 1)), films, rounds)
    return found


def page(found: dict[str, Any]) -> str:
    """A table."""
    rows = "\n".join(
        f"| {kind} | {one['clips']:.0f} | " + " | ".join(f"{one[f'of_{name}']:.2f}" for name in BASES) + " |"
        for kind, one in found.items()
    )
    return (
        "## Loading clips for training\n\n`PointVOSDataset` with two workers, with cut-outs, mirror images and light "
        "at 256 x 448, beside the same frames decoded: by two processes in a plain loop, by two that keep freed memory "
        "as the workers do, and by a dataset that only decodes.\n\n"
        "| source | clips: frames/s | of a plain loop | of one that keeps memory | of a dataset of frames |\n"
        "|---|---|---|---|---|\n"
        f"{rows}\n"
    )


def jpeg_file(frames: Path, video_id: str, frame_idx: int) -> Path:
    return frames / video_id / f"{frame_idx:05d}.jpg"


def _length(file: VideoFile) -> int:
    with open_video(file) as reader:
        return sum(1 for _ in reader)


def dataset_of(folder: Path, lengths: dict[str, int], read: Read, clips_a_video: int) -> PointVOSDataset:
    """Points on two objects of every video, on frames spread over it."""
    for video_id, n_frames in lengths.items():
        random = np.random.default_rng(n_frames)
        rows = [
            PointLabel(
                video_id, name, "", "", int(idx), 0.0, int(random.integers(800)), int(random.integers(400)), n % 2,
                ("REJECTED", "ACCEPTED")[n % 2], True, "train", "", "", 0, 1, f"{video_id}/{name}/{idx}/{n}",
            )
            for name in ("1", "2")
            for idx in np.linspace(0, n_frames - 1, FRAMES_A_VIDEO).round()
            for n in range(POINTS_A_FRAME)
        ]  # fmt: skip
        POINTS.write(folder / f"{video_id}.parquet", rows)
    return PointVOSDataset(folder, read, "train", DatasetOptions(clips_a_video=clips_a_video))


def compare(dataset: PointVOSDataset, read: Read, rounds: int) -> dict[str, Any]:
    clips = [_places(dataset, key) for key in ClipSampler(dataset)]
    n_frames = sum(map(len, clips))
    ways: dict[str, Callable[[], Any]] = {
        "bare": partial(_bare, read, clips),
        "kept": partial(_bare, read, clips, keeps_memory=True),
        "decoded": partial(_through_loader, _Decoded(read, clips), None, list),
        "clips": partial(_through_loader, dataset, ClipSampler(dataset)),
    }
    spent: dict[str, list[_Spent]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            before = _Spent.now()
            way()
            spent[name].append(_Spent.now() - before)
    speeds = {name: n_frames / median(one.wall_s for one in own) for name, own in spent.items()}
    ratios = {
        f"of_{name}": median(a.wall_s / b.wall_s for a, b in zip(spent[name], spent["clips"], strict=True))
        for name in BASES
    }
    cpu_ms = {f"{name}_cpu_ms": 1000 * median(one.cpu_s for one in own) / n_frames for name, own in spent.items()}
    return {**speeds, **ratios, **cpu_ms, "n_frames": n_frames, "bar": BAR}


@dataclass(frozen=True)
class _Spent:
    """Seconds on the clock, and of processor in this process and those that have ended."""

    wall_s: float
    cpu_s: float

    @classmethod
    def now(cls) -> _Spent:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used))

    def __sub__(self, before: _Spent) -> _Spent:
        return _Spent(self.wall_s - before.wall_s, self.cpu_s - before.cpu_s)


def _places(dataset: PointVOSDataset, key: tuple[int, int]) -> list[Place]:
    sample = dataset[key]
    return [(sample["video_id"], idx) for idx in dict.fromkeys(sample["frame_idx"].tolist())]


def _bare(read: Read, clips: Sequence[Sequence[Place]], keeps_memory: bool = False) -> None:
    context = multiprocessing.get_context("fork")
    batches = [clips[i : i + CLIPS_A_BATCH] for i in range(0, len(clips), CLIPS_A_BATCH)]
    own = [
        list(chain.from_iterable(batches[worker::WORKERS])) for worker in range(WORKERS)
    ]  # as a DataLoader deals them
    processes = [context.Process(target=_decode, args=(read, part, keeps_memory)) for part in own]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _decode(read: Read, clips: Sequence[Sequence[Place]], keeps_memory: bool) -> None:
    if keeps_memory:
        keep_freed_memory()
    for clip in clips:
        for place in clip:
            read(*place)


def _through_loader(dataset: Dataset[Any], sampler: Any, collate: Any = None) -> None:
    for _ in DataLoader(dataset, CLIPS_A_BATCH, sampler=sampler, num_workers=WORKERS, collate_fn=collate):
        pass
