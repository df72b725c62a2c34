"""Verified points and their frames as a PyTorch dataset of clips.

The training follows Point-VOS (Zulfikar et al., CVPR 2024): a clip has an object's points on its first frame as the
reference and its points on later frames as targets.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from schemas.remote_paths import AnyPath
from stages.train.augmentation import Augmentation, View, draw_view, whole_view
from stages.train.clips import PADDING, Clip, ClipOptions, draw_clip
from stages.train.points import VideoRows, points_of, videos_with_points
from stages.train.worker_memory import keep_freed_memory_in_workers

FrameReader = Callable[[str, int], NDArray[np.uint8]]
"""Video id and frame index to a (H, W, 3) uint8 RGB frame. It must be picklable for several workers."""
MaskReader = Callable[[str, str, int], NDArray[np.bool_] | None]
"""Video id, object id and frame index to a (H, W) bool mask, None where none is known; picklable too."""
UNKNOWN = 255
"""In masks: nothing is known of the object on this frame."""
ClipKey = tuple[int, int]
"""Epoch and number of a clip in it."""


class Sample(TypedDict):
    """One clip; T frames, O objects, P points. Batches of the default collation have a first axis B.

    Attributes:
        images: (T, 3, H, W) uint8 RGB.
        xy: (T, O, P, 2) float32, x first, in pixels of the images; whole numbers are centres of pixels.
        labels: (T, O, P) int8: 1 on the object, 0 off it, -1 where there is no point.
        frame_idx: (T,) int64, ascending. A frame is repeated where a video has too few.
        video_id: the video.
        object_ids: of the first objects, joined by line feeds; objects beyond them are padding.
        masks: (T, O, H, W) uint8, 1 on the object, 0 off it, UNKNOWN all over where there is no mask and between
            annotated frames; only of a dataset that has masks.
    """

    images: Tensor
    xy: Tensor
    labels: Tensor
    frame_idx: Tensor
    video_id: str
    object_ids: str
    masks: NotRequired[Tensor]


@dataclass(frozen=True, slots=True)
class DatasetOptions:
    """What samples look like.

    Attributes:
        size: (height, width) of the images.
        clip: frames, objects and points of a clip.
        augmentation: None for the whole frame, unchanged.
        clips_a_video: in one epoch.
        views: so many different views of a video in all, so that what a frozen network makes of them can be kept; 0 for
            a new one each clip.
        seed: decides on all chance.
        is_averaged: smaller images have averages over areas, which takes longer than bilinear values do.
    """

    size: tuple[int, int] = (256, 448)
    clip: ClipOptions = field(default_factory=ClipOptions)
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    clips_a_video: int = 1
    views: int = 0
    seed: int = 0
    is_averaged: bool = False


class PointVOSDataset(Dataset[Sample]):
    """Clips of the videos of one split.

    A clip depends on the seed, its epoch and its number alone: not on the number of workers, ranks or what was read
    before. Only the ids of videos are held; the points of a video and its frames are read when a clip needs them.
    """

    def __init__(
        self,
        points: Path,
        read_frame: FrameReader,
        split: str | None = "train",
        options: DatasetOptions | None = None,
        read_mask: MaskReader | None = None,
    ) -> None:
        """Look up which videos there are.

        Args:
            points: folder of Parquet files with the columns of the ``points`` table.
            read_frame: reads frames.
            split: ``train``, ``val`` or ``test``; None for all.
            options: what samples look like.
            read_mask: reads masks, for samples that have them.

        Raises:
            FileNotFoundError: there are no points.
        """
        self.options = options or DatasetOptions()
        self.videos: list[VideoRows] = videos_with_points(points, split)
        self._read_frame = read_frame
        self._read_mask = read_mask

    def only(self, video_ids: Collection[str]) -> PointVOSDataset:
        """The same of some of its videos."""
        part = copy.copy(self)
        part.videos = [video for video in self.videos if video.video_id in video_ids]
        return part

    def __len__(self) -> int:
        return len(self.videos) * self.options.clips_a_video

    def __getitem__(self, key: ClipKey | int) -> Sample:
        epoch, number = (0, key) if isinstance(key, int) else key
        if not 0 <= number < len(self):
            raise IndexError(f"clip {number} of {len(self)}")
        keep_freed_memory_in_workers()
        video = self.videos[number % len(self.videos)]
        random = np.random.default_rng((self.options.seed, epoch, number))
        clip = draw_clip(points_of(video), self.options.clip, random)
        frames = {idx: self._read_frame(video.video_id, idx) for idx in dict.fromkeys(clip.frame_idx)}
        frame_size = frames[clip.frame_idx[0]].shape[:2]
        view = self._view((frame_size[0], frame_size[1]), number % len(self.videos), random)
        images = np.stack([cv2.split(view.image(frames[idx])) for idx in clip.frame_idx])
        xy, labels = _placed(clip, view, self.options.clip)
        sample: Sample = {
            "images": torch.from_numpy(images),
            "xy": torch.from_numpy(xy),
            "labels": torch.from_numpy(labels),
            "frame_idx": torch.tensor(clip.frame_idx),
            "video_id": video.video_id,
            "object_ids": "\n".join(clip.object_ids),
        }
        if self._read_mask is not None:
            sample["masks"] = torch.from_numpy(self._masks(video.video_id, clip, view))
        return sample

    def mask(self, video_id: str, object_id: str, frame_idx: int) -> NDArray[np.bool_] | None:
        """(H, W) bool of an object on a frame; None where none is known."""
        return None if self._read_mask is None else self._read_mask(video_id, object_id, frame_idx)

    def _masks(self, video_id: str, clip: Clip, view: View) -> NDArray[np.uint8]:
        shape = (len(clip.frame_idx), self.options.clip.objects, *self.options.size)
        masks: NDArray[np.uint8] = np.full(shape, UNKNOWN, dtype=np.uint8)
        for t, frame_idx in list(enumerate(clip.frame_idx))[:: self.options.clip.between + 1]:
            for o, object_id in enumerate(clip.object_ids):
                if (mask := self.mask(video_id, object_id, frame_idx)) is not None:
                    masks[t, o] = view.mask(mask)
        return masks

    def _view(self, frame_size: tuple[int, int], video: int, random: np.random.Generator) -> View:
        if self.options.augmentation is None:
            view = whole_view(frame_size, self.options.size)
        else:
            if self.options.views:
                random = np.random.default_rng((self.options.seed, video, int(random.integers(self.options.views))))
            view = draw_view(frame_size, self.options.size, self.options.augmentation, random)
        return replace(view, is_averaged=self.options.is_averaged)


def _placed(clip: Clip, view: View, options: ClipOptions) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Points of a clip in its view: (T, O, P, 2) float32 and their labels (T, O, P) int8."""
    shape = (options.length, options.objects, options.points)
    xy, labels = np.zeros((*shape, 2), dtype=np.float32), np.full(shape, PADDING, dtype=np.int8)
    for o, own in enumerate(clip.points):
        for t, here in enumerate(own):
            if here is not None:
                seen, is_inside = view.points(here.xy)
                n = int(is_inside.sum())
                xy[t, o, :n], labels[t, o, :n] = seen[is_inside], here.labels[is_inside]
    return xy, labels


class ClipSampler(Sampler[ClipKey]):
    """The clips of one epoch for one rank, in an order that the seed decides.

    All ranks have equally many; the first clips come again where they do not go round.
    """

    def __init__(self, dataset: PointVOSDataset, rank: int = 0, n_ranks: int = 1, *, is_shuffled: bool = True) -> None:
        """Prepare the first epoch.

        Raises:
            ValueError: there is no such rank.
        """
        if not 0 <= rank < n_ranks:
            raise ValueError(f"rank {rank} is not in 0..{n_ranks - 1}")
        self._dataset, self._rank, self._n_ranks, self._is_shuffled = dataset, rank, n_ranks, is_shuffled
        self._epoch = self._start = 0

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Choose the epoch; to resume in its middle, ``start`` is how many of its clips this rank has trained on."""
        self._epoch, self._start = epoch, start

    def __len__(self) -> int:
        return max(self._n_a_rank() - self._start, 0)

    def __iter__(self) -> Iterator[ClipKey]:
        numbers: NDArray[Any] = np.arange(len(self._dataset))
        if self._is_shuffled:
            np.random.default_rng((self._dataset.options.seed, self._epoch)).shuffle(numbers)
        own = np.resize(numbers, self._n_a_rank() * self._n_ranks)[self._rank :: self._n_ranks]
        for number in own[self._start :]:
            yield self._epoch, int(number)

    def _n_a_rank(self) -> int:
        return -(-len(self._dataset) // self._n_ranks)


@dataclass(frozen=True, slots=True)
class JpegFrames:
    """Reads frames that a run keeps as JPEG.

    Attributes:
        file_of: video id and frame index to the file.
    """

    file_of: Callable[[str, int], AnyPath]

    def __call__(self, video_id: str, frame_idx: int) -> NDArray[np.uint8]:
        """The (H, W, 3) uint8 RGB frame.

        Raises:
            FileNotFoundError: the run does not keep this frame, or the file is damaged.
        """
        file = self.file_of(video_id, frame_idx)
        data = np.frombuffer(file.read_bytes() if file.is_file() else b"", dtype=np.uint8)
        frame = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if len(data) else None
        if frame is None:
            raise FileNotFoundError(f"frame {frame_idx} of {video_id!r} cannot be read from {file}")
        return np.asarray(frame, dtype=np.uint8)
