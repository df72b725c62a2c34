"""Region similarity J and boundary accuracy F of two masks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stages.evaluate.bits import to_bits

TOLERANCE = 0.008
"""Radius of the disk within which boundaries match, as a share of the frame's diagonal."""


def tolerance_px(height: int, width: int) -> int:
    """Radius of the disk within which boundaries match, in pixels.

    >>> tolerance_px(480, 854)
    8
    """
    return math.ceil(TOLERANCE * math.hypot(height, width))


def region_and_boundary(truth: NDArray[np.bool_], mask: NDArray[np.bool_]) -> tuple[float, float]:
    """J and F of ``mask`` against ``truth``.

    J is intersection over union. F balances how many boundary pixels of each mask have a boundary pixel of the other
    within the tolerance; the frame's edge is no boundary.

    Args:
        truth: (H, W) bool.
        mask: (H, W) bool.

    Returns:
        (J, F), each in [0, 1]. J of two empty masks is 1; F is 1 when neither has a boundary, 0 when only one has.

    Source: Perazzi et al. 2016, as davis2017-evaluation defines it.
    """
    radius = tolerance_px(*truth.shape)
    grid, truth_bits, mask_bits = to_bits(truth, mask, radius)
    union = (truth_bits | mask_bits).bit_count()
    j = (truth_bits & mask_bits).bit_count() / union if union else 1.0
    sought, found = grid.boundary(truth_bits), grid.boundary(mask_bits)
    if not (sought and found):
        return j, float(sought == found)
    precision = (found & grid.dilate(sought, radius)).bit_count() / found.bit_count()
    recall = (sought & grid.dilate(found, radius)).bit_count() / sought.bit_count()
    return j, 2 * precision * recall / (precision + recall) if precision + recall else 0.0
