"""What the motion says of masks, whatever they look like."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.propagate.motion import Motion
from stages.resize import resize

Bits = NDArray[np.bool_]
_LEAST_AREA = 10
_GAP_PX, _LEAST_RING_PX, _RING = 2.0, 4.0, 0.6
"""The ring begins this far from the mask, and ends at a share of the root of its area."""
_STEP = 1.05
"""OpenCV counts a step along a row or column as .955 pixels."""
_BLUR_PX = 3.0
"""How far optical flow bleeds over the edges of what moves, at its size."""


def support(mask: Bits, held: Bits, motion: Motion) -> float:
    """How well (h, w) ``mask`` holds what moves, in [0, 1]; 1 where nothing moves, or for a tiny mask.

    With i and o the mean motion inside the mask and in a ring around it, this is i · (1 - o / 2). Where both are
    near 0 there is nothing to go by, so 1 - max(i, o) stands for i when it is larger.

    Args:
        mask: at the motion's size.
        held: what other objects hold; its motion is held against no mask.
        motion: on the mask's frame.
    """
    area = int(mask.sum())
    if not _LEAST_AREA <= area < mask.size:
        return 1.0
    reach = max(_RING * area**0.5, _LEAST_RING_PX)
    near = _within_reach(mask, reach)
    ring = _around(mask[near], _GAP_PX, reach) & ~held[near]
    inside, around = _mean(motion.moving[near], mask[near]), _mean(motion.moving[near], ring)
    return max(inside, 1 - max(inside, around)) * (1 - around / 2)


def balance(old: Bits, new: Bits, held: Bits, motion: Motion) -> float:
    """Whether what (h, w) ``new`` adds to ``old`` moves and what it leaves out does not, in [-1, 1].

    Both masks agree that their intersection is the object and that a ring around their union is not; half-way
    between the mean motion of these two lies the level to be above. Every pixel that only one mask holds counts
    by how far it is above or below, as a share of the union; pixels as near to the intersection as the flow is
    blurred tell nothing and count nothing. Two-region competition, after Chan and Vese, "Active contours without
    edges" (2001).
    """
    agreed, union = old & new, old | new
    if agreed.sum() < _LEAST_AREA:
        return 0.0
    ring = _around(union, _BLUR_PX, max(_RING * int(union.sum()) ** 0.5, _LEAST_RING_PX + _BLUR_PX)) & ~held
    level = (_mean(motion.moving, agreed) + _mean(motion.moving, ring)) / 2
    told = _distance(agreed) > _BLUR_PX
    above = motion.moving / np.float32(255) - np.float32(level)
    return float(above[new & ~old & told].sum() - above[old & ~new & told].sum()) / int(union.sum())


def to_motion_size(mask: Bits, motion: Motion) -> Bits:
    """A (H, W) mask at the motion's size."""
    return resize(mask.view(np.uint8), motion.moving.shape, cv2.INTER_LINEAR).astype(bool)


def _around(mask: Bits, nearest_px: float, farthest_px: float) -> Bits:
    distance = _distance(mask)
    return np.asarray((distance > nearest_px) & (distance < farthest_px))


def _distance(mask: Bits) -> NDArray[np.float32]:
    """To the mask, in pixels."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3), dtype=np.float32)


def _within_reach(mask: Bits, reach_px: float) -> tuple[slice, slice]:
    """Rows and columns of what lies no farther from a non-empty mask than ``reach_px``."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    reach = math.ceil(_STEP * reach_px)
    return (
        slice(max(0, top - reach), top + height + reach),
        slice(max(0, left - reach), left + width + reach),
    )


def _mean(moving: NDArray[np.uint8], region: Bits) -> float:
    return float(moving[region].mean()) / 255 if region.any() else 0.0
