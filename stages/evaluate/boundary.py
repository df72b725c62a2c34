"""Region similarity J and boundary accuracy F of two masks."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from schemas.iou import iou

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
    within the tolerance; the frame's edge is not a boundary.

    Args:
        truth: (H, W) bool.
        mask: (H, W) bool.

    Returns:
        (J, F), each in [0, 1]. J of two empty masks is 1; F is 1 when neither has a boundary, 0 when only one has.

    Source: Perazzi et al. 2016, as davis2017-evaluation defines it.
    """
    radius = tolerance_px(*truth.shape)
    window = _occupied(truth | mask)
    truth, mask = truth[window], mask[window]
    sought, found = _boundary(truth), _boundary(mask)
    if not (len(sought) and len(found)):
        return iou(truth, mask), float(len(sought) == len(found))
    precision, recall = _share_near(found, sought, radius), _share_near(sought, found, radius)
    return iou(truth, mask), 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _occupied(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns that hold the true pixels and those around them."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return slice(max(top - 1, 0), top + height + 1), slice(max(left - 1, 0), left + width + 1)


def _boundary(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(N, 2) pixels, y first, that differ from their east, south or south-east neighbour."""
    differs = np.zeros_like(mask)
    differs[:, :-1] |= mask[:, 1:] ^ mask[:, :-1]
    differs[:-1] |= mask[1:] ^ mask[:-1]
    differs[:-1, :-1] |= mask[1:, 1:] ^ mask[:-1, :-1]
    return np.argwhere(differs)


def _share_near(pixels: NDArray[np.int64], others: NDArray[np.int64], radius: int) -> float:
    """Of (N, 2) pixels, the share with one of (M, 2) others at most ``radius`` away."""
    tree = KDTree(others, balanced_tree=False, compact_nodes=False)
    distance, _ = tree.query(pixels, distance_upper_bound=np.nextafter(radius, np.inf))
    return float(np.isfinite(distance).mean())
