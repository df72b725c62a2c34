"""Ground-truth masks: ``<folder>/<video_id>/<frame>.png``, one index map a frame (the layout of DAVIS)."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
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
    """

    frame_idx: int
    labels: NDArray[np.uint8]

    def object_ids(self) -> set[str]:
        """Ids of the objects that are visible: their label as text."""
        present = np.flatnonzero(np.bincount(self.labels.ravel(), minlength=256)[:VOID])
        return {str(label) for label in present if label}

    def mask(self, object_id: str) -> NDArray[np.bool_]:
        """(H, W) bool; empty for an object that is not there."""
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
    """

    video_id: str
    paths: dict[int, Path]

    def frames(self) -> Iterator[TruthFrame]:
        """All annotated frames, in order."""
        return self.only(self.paths)

    def only(self, wanted: Container[int]) -> Iterator[TruthFrame]:
        """The annotated frames that are wanted, in order."""
        for frame_idx, path in self.paths.items():
            if frame_idx in wanted:
                yield TruthFrame(frame_idx, read_labels(path))


def find_truth(folder: Path, video_id: str) -> VideoTruth | None:
    """The ground truth of ``video_id`` below ``folder``, or None when there is none.

    Raises:
        ValueError: a PNG's name is not a frame number.
    """
    paths = sorted((folder / video_id).glob("*.png"))
    for path in paths:
        if not path.stem.isdecimal():
            raise ValueError(f"ground truth {path} is not named by its frame number, like 00000.png")
    by_frame = {int(path.stem): path for path in paths}
    return VideoTruth(video_id, dict(sorted(by_frame.items()))) if by_frame else None


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
