"""A mask as the stages work with it: drawn, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.masks import Mask, encode_rle


@dataclass(frozen=True, slots=True, eq=False)
class ObjectMask:
    """One object on one frame. Drawn, it is this record; as the row of a table and between stages it is a ``Mask``.

    Attributes:
        video_id: the video.
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        mask: (H, W) bool at the frame's size; empty when the object is known to be absent.
        source: who drew it, one of ``schemas.masks.MASK_SOURCES``.
        model: registry key of the backend; empty for a mask that the user gave.
        quality: trust in the whole mask, in [0, 1].
        trust: (h, w) uint8 at the propagator's working size: 255 surely the object, 0 surely not. None before the
            objects of the frame were weighed against each other.
    """

    video_id: str
    object_id: str
    frame_idx: int
    mask: NDArray[np.bool_]
    source: str
    model: str
    quality: float
    trust: NDArray[np.uint8] | None = None

    @staticmethod
    def of(row: Mask) -> ObjectMask:
        """Draw a row."""
        return ObjectMask(
            row.video_id, row.object_id, row.frame_idx, row.decode(), row.source, row.model, row.quality
        )  # fmt: skip

    def row(self) -> Mask:
        """The mask as a row, without its trust map.

        >>> drawn = ObjectMask("v", "1", 0, np.eye(3, dtype=bool), "human", "", 1.0)
        >>> ObjectMask.of(drawn.row()).mask.astype(int).tolist()
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        """
        height, width = self.mask.shape
        rle = encode_rle(self.mask)
        return Mask(
            self.video_id, self.object_id, self.frame_idx, height, width, rle, self.source, self.model, self.quality
        )
