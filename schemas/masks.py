"""Pseudo-masks and their run-length code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from schemas.checks import require_choice, require_index, require_text, require_unit
from schemas.run_lengths import require_rle

MASK_SOURCES = ("segmenter", "propagator", "repair", "human")


def encode_rle(mask: NDArray[np.bool_]) -> str:
    """COCO compressed counts of a (H, W) mask.

    Source: COCO API, ``pycocotools.mask``.

    >>> encode_rle(np.eye(3, dtype=bool))
    '013000'
    """
    by_columns = np.zeros(mask.shape, dtype=np.uint8, order="F")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size:  # to turn rows into columns takes longer than all else, and most of a frame is not the object
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        by_columns[box] = mask[box]
    counts: bytes = coco.encode(by_columns)["counts"]
    return counts.decode("ascii")


def decode_rle(rle: str, height: int, width: int) -> NDArray[np.bool_]:
    """(H, W) bool mask of COCO compressed counts.

    Raises:
        ValueError: they are not those of a mask of this size.

    >>> decode_rle(encode_rle(np.eye(3, dtype=bool)), 3, 3).astype(int).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    require_rle(rle, height, width)
    decoded: NDArray[np.uint8] = coco.decode({"size": [height, width], "counts": rle.encode("ascii")})
    return decoded.astype(bool)


def union_rle(rles: Sequence[str], height: int, width: int) -> str:
    """COCO compressed counts of the union of masks of one size, made without decoding any.

    >>> union_rle([encode_rle(np.eye(2, dtype=bool)), encode_rle(np.eye(2, dtype=bool)[::-1])], 2, 2)
    '04'
    """
    coded = [{"size": [height, width], "counts": rle.encode("ascii")} for rle in rles]
    counts: bytes = coco.merge(coded)["counts"]
    return counts.decode("ascii")


@dataclass(frozen=True, slots=True)
class Mask:
    """The mask of one object on one frame. An absent object has no row.

    Attributes:
        video_id: the video.
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        height: mask height in pixels (the frame's).
        width: mask width in pixels (the frame's).
        rle: COCO compressed counts.
        source: who drew it: ``segmenter``, ``propagator``, ``repair`` or ``human``.
        model: registry key of the backend.
        quality: trust in [0, 1], a ranking and not a calibrated J.
        round: 0 for the first annotation, then the correction round.
    """

    video_id: str
    object_id: str
    frame_idx: int
    height: int
    width: int
    rle: str
    source: str
    model: str
    quality: float
    round: int = 0

    def __post_init__(self) -> None:
        require_text("video_id", self.video_id)
        require_text("object_id", self.object_id)
        require_index("frame_idx", self.frame_idx)
        require_choice("mask source", self.source, MASK_SOURCES)
        require_unit("quality", self.quality)
        require_rle(self.rle, self.height, self.width)

    def decode(self) -> NDArray[np.bool_]:
        """(H, W) bool."""
        return decode_rle(self.rle, self.height, self.width)

    @property
    def area_px(self) -> int:
        """Pixels of the object, counted without decoding.

        >>> Mask("v", "1", 0, 3, 3, encode_rle(np.eye(3, dtype=bool)), "human", "m", 1.0).area_px
        3
        """
        return int(coco.area({"size": [self.height, self.width], "counts": self.rle.encode("ascii")}))


def overlap_px(one: Mask, other: Mask) -> int:
    """Pixels that two masks of one frame share, counted without decoding.

    >>> mask = Mask("v", "1", 0, 3, 3, encode_rle(np.eye(3, dtype=bool)), "human", "m", 1.0)
    >>> overlap_px(mask, mask)
    3
    """
    coded = [{"size": [mask.height, mask.width], "counts": mask.rle.encode("ascii")} for mask in (one, other)]
    return int(coco.area(coco.merge(coded, intersect=True)))
