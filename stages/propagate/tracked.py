"""What goes into a sweep and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.masks import decode_rle, encode_rle


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """A mask that is taken as given: the sweep starts from it and never overwrites it.

    Attributes:
        mask: (H, W) bool at the frame's size; empty when the object is known to be absent.
        quality: trust in [0, 1].
        source: who drew it, one of ``schemas.masks.MASK_SOURCES``.
        model: registry key of the segmenter, or empty.
    """

    mask: NDArray[np.bool_]
    quality: float
    source: str
    model: str


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """One object on one frame. A frame on which the object is absent has none.

    Attributes:
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        mask: (H, W) bool at the frame's size, not empty.
        trust: (h, w) uint8 at the propagator's working size: 255 surely the object, 0 surely not.
        quality: trust in the whole mask, in [0, 1].
        source: ``propagator``, or the anchor's source on an anchored frame.
        model: registry key of the model that made the mask.
    """

    object_id: str
    frame_idx: int
    mask: NDArray[np.bool_]
    trust: NDArray[np.uint8]
    quality: float
    source: str
    model: str


@dataclass(frozen=True, slots=True)
class KeptAnchor:
    """An anchor that waits for the way back: ``rle`` is its mask as COCO compressed counts."""

    rle: str
    height: int
    width: int
    quality: float
    source: str
    model: str

    @staticmethod
    def of(anchor: Anchor) -> KeptAnchor:
        """Compress an anchor."""
        height, width = anchor.mask.shape
        return KeptAnchor(encode_rle(anchor.mask), height, width, anchor.quality, anchor.source, anchor.model)

    def restored(self) -> Anchor:
        """The anchor again."""
        return Anchor(decode_rle(self.rle, self.height, self.width), self.quality, self.source, self.model)
