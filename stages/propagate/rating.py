"""The quality of final masks: what the model says of itself, and what the motion says.

A model that learned the wrong thing is sure of itself, even on the frame it started from. Motion knows nothing of
appearances: a mask that drifted onto the ground holds nothing that moves, and a mask of half an object has the other
half moving right beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.propagate.movement import Movement
from stages.propagate.tracked import Tracked

_LEAST_AREA = 10
_GAP_PX, _LEAST_RING_PX, _RING = 2.0, 4.0, 0.6
"""The ring begins this far from the mask, and ends at a share of the root of its area."""


def rated(rows: Sequence[Tracked], movement: Movement) -> list[Tracked]:
    """The masks of one frame, their quality times the root of their motion's support; people's masks stay as they are.

    Args:
        rows: all objects of the frame; what moves inside one of them is held against no other.
        movement: since the frame before.
    """
    masks = [_resized(row.mask, movement.moving.shape) for row in rows]
    held = np.logical_or.reduce(masks) if masks else np.zeros(movement.moving.shape, dtype=bool)
    return [
        row if row.source == "human" else replace(row, quality=row.quality * _support(mask, held, movement) ** 0.5)
        for row, mask in zip(rows, masks, strict=True)
    ]


def _support(mask: NDArray[np.uint8], held: NDArray[np.bool_], movement: Movement) -> float:
    """How well (h, w) ``mask`` holds what moves, in [0, 1]; 1 where nothing moves, or for a tiny mask.

    With i and o the mean movement inside the mask and in a ring around it, this is i · (1 - o / 2). Where both are
    near 0 there is nothing to go by, so 1 - max(i, o) stands for i when it is larger.
    """
    area = int(mask.sum())
    if not _LEAST_AREA <= area < mask.size:
        return 1.0
    distance = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
    ring = (distance > _GAP_PX) & (distance < max(_RING * area**0.5, _LEAST_RING_PX)) & ~held
    inside = float(movement.moving[mask > 0].mean()) / 255
    around = float(movement.moving[ring].mean()) / 255 if ring.any() else 0.0
    return max(inside, 1 - max(inside, around)) * (1 - around / 2)


def _resized(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
