"""Where a mask is wrong: the connected regions that a person would see and correct."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
LEAST_PX = 100
"""Smaller regions are not worth a correction."""
LEAST_SHARE = 0.001
"""Nor are those of a smaller share of the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class ErrorRegion:
    """One 8-connected region in which a mask is wrong in one way.

    Attributes:
        label: what a person says there: 1 where the object was missed, 0 where something else was taken for it.
        left: column of the frame in which ``pixels`` begin.
        top: row likewise.
        pixels: (h, w) bool, the region within its bounding box.
    """

    label: int
    left: int
    top: int
    pixels: Mask

    @property
    def area(self) -> int:
        """Pixels of it."""
        return int(self.pixels.sum())

    def depth(self) -> NDArray[np.float32]:
        """(h, w) float32 exact distance of each pixel to the nearest one outside; the frame's edge bounds it too."""
        padded = np.pad(self.pixels, 1).astype(np.uint8)
        return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1])

    def deepest(self) -> tuple[int, int]:
        """(x, y) of the frame: the pixel farthest from the region's edge, the first of several in reading order."""
        y, x = np.unravel_index(int(self.depth().argmax()), self.pixels.shape)
        return self.left + int(x), self.top + int(y)


def error_regions(truth: Mask, mask: Mask, void: Mask | None = None) -> list[ErrorRegion]:
    """The regions that are worth a correction, the largest first.

    Args:
        truth: (H, W) bool, the object.
        mask: (H, W) bool, as it was found.
        void: (H, W) bool, pixels that the ground truth leaves open, or None; nothing is wrong there.
    """
    decided = np.ones_like(truth) if void is None else ~void
    missed, wrong = truth & ~mask & decided, mask & ~truth & decided
    least = max(LEAST_PX, LEAST_SHARE * truth.size)
    found = [*regions(missed, 1, least), *regions(wrong, 0, least)]
    return sorted(found, key=lambda one: (-one.area, -one.label, one.top, one.left))


def regions(pixels: Mask, label: int, least_px: float = 1) -> list[ErrorRegion]:
    """The 8-connected regions of a (H, W) bool mask of at least ``least_px`` pixels, in reading order.

    >>> [(one.left, one.top, one.area) for one in regions(np.eye(3, 5, dtype=bool), 1)]
    [(0, 0, 3)]
    """
    count, numbers, boxes, _ = cv2.connectedComponentsWithStats(pixels.astype(np.uint8), connectivity=8)
    found = []
    for number in range(1, count):
        left, top, width, height, area = boxes[number].tolist()
        if area >= least_px:
            inside = numbers[top : top + height, left : left + width] == number
            found.append(ErrorRegion(label, left, top, np.ascontiguousarray(inside)))
    return found
