"""Ground-truth masks: ``<folder>/<video_id>/<frame>.png``, one index map a frame (the layout of DAVIS)."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

VOID = 255
"""Pixels of an index map that nobody decided: no metric counts them."""


@dataclass(frozen=True, slots=True, eq=False)
class TruthFrame:
    """The ground truth of one frame.

    Attributes:
        frame_idx: 0-based decode index.
        labels: (H, W) uint8: 0 background, 1... objects, 255 void.
        sole: see :class:`VideoTruth`.
    """

    frame_idx: int
    labels: NDArray[np.uint8]
    sole: str = ""

    def object_ids(self) -> set[str]:
        """Ids of the objects that are visible: their label as text."""
        present = np.flatnonzero(np.bincount(self.labels.ravel(), minlength=256)[:VOID])
        ids = {str(label) for label in present if label}
        return {self.sole} if self.sole and ids else ids

    def mask(self, object_id: str) -> NDArray[np.bool_]:
        """(H, W) bool; empty for an object that is not there."""
        if self.sole and object_id == self.sole:
            foreground: NDArray[np.bool_] = (self.labels > 0) & (self.labels != VOID)
            return foreground
        label = int(object_id) if object_id.isdecimal() else 0
        return self.labels == label if 0 < label < VOID else np.zeros(self.labels.shape, dtype=bool)

    def void(self) -> NDArray[np.bool_] | None:
        """(H, W) bool of undecided pixels, or None when all are decided."""
        void = self.labels == VOID
        return void if void.any() else None


@dataclass(frozen=True, slots=True)
class VideoTruth:
    """The ground truth of one video, read frame by frame.

    Attributes:
        video_id: the video.
        paths: PNG of every annotated frame by frame index, in frame order.
        sole: id of the run's only object where that id is no label (VidLN's ``a0``) and the truth shows one object:
            both are the same then. Empty elsewhere.
    """

    video_id: str
    paths: dict[int, Path]
    sole: str = ""

    def frames(self) -> Iterator[TruthFrame]:
        """All annotated frames, in order."""
        return self.only(self.paths)

    def only(self, wanted: Container[int]) -> Iterator[TruthFrame]:
        """The annotated frames that are wanted, in order."""
        for frame_idx, path in self.paths.items():
            if frame_idx in wanted:
                yield TruthFrame(frame_idx, read_labels(path), self.sole)


def find_truth(folder: Path, video_id: str, object_ids: Collection[str] = ()) -> VideoTruth | None:
    """The ground truth of ``video_id`` below ``folder``, or None when there is none.

    Args:
        folder: ground truth of many videos.
        video_id: the video.
        object_ids: all objects of the run in this video.

    Raises:
        ValueError: a PNG's name is not a frame number.
    """
    paths = sorted((folder / video_id).glob("*.png"))
    for path in paths:
        if not path.stem.isdecimal():
            raise ValueError(f"ground truth {path} is not named by its frame number, like 00000.png")
    by_frame = {int(path.stem): path for path in paths}
    if not by_frame:
        return None
    truth = VideoTruth(video_id, dict(sorted(by_frame.items())))
    return replace(truth, sole=_sole(truth, object_ids))


def _sole(truth: VideoTruth, object_ids: Collection[str]) -> str:
    """The run's only object when its id is no label and the first frame that shows anything shows one object."""
    if len(object_ids) != 1 or (only := next(iter(object_ids))).isdecimal():
        return ""
    visible = next((ids for frame in truth.frames() if (ids := frame.object_ids())), set())
    return only if len(visible) == 1 else ""


def read_labels(path: Path) -> NDArray[np.uint8]:
    """(H, W) uint8 index map of a PNG: a palette's indices, or a grey binary mask (0 and 255) as object 1.

    Raises:
        ValueError: the PNG is neither a palette nor a grey image, or cannot be read.
    """
    try:
        with Image.open(path) as image:
            mode, values = image.mode, np.asarray(image)
    except OSError as error:
        raise ValueError(f"ground truth {path} cannot be read: {error}") from error
    if mode not in ("P", "L", "1"):
        raise ValueError(f"ground truth {path} has mode {mode}; an index map has mode P (palette), L or 1")
    labels = values.astype(np.uint8)
    if mode == "L" and set(np.unique(labels)) <= {0, VOID}:
        return (labels > 0).astype(np.uint8)
    return labels
