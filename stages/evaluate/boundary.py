"""Boundary accuracy F: how well two outlines follow each other.

A boundary pixel counts as found when the other boundary passes within a disk around it, so both boundaries are
dilated by that disk. Here an image is one long integer, a bit a pixel: a shift moves every pixel at once, `or`
unites and `and` intersects whole images. That costs microseconds and is exact.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.008
"""Radius of the disk as a share of the frame's diagonal."""


def tolerance_px(height: int, width: int) -> int:
    """Radius of the disk within which boundaries match, in pixels.

    >>> tolerance_px(480, 854)
    8
    """
    return math.ceil(TOLERANCE * math.hypot(height, width))


def boundary_f(truth: NDArray[np.bool_], mask: NDArray[np.bool_], radius: int | None = None) -> float:
    """F measure of the boundary pixels of ``mask`` against those of ``truth``.

    A boundary pixel differs from its east, south or south-east neighbour; the frame's edge is no boundary.

    Args:
        truth: (H, W) bool.
        mask: (H, W) bool.
        radius: within which boundaries match, in pixels; by default that of an (H, W) frame.

    Returns:
        F in [0, 1]; 1 when neither has a boundary, 0 when only one has.

    Source: Perazzi et al. 2016, as davis2017-evaluation defines it.
    """
    radius = tolerance_px(*truth.shape) if radius is None else radius
    stride = truth.shape[1] + 1 + radius
    sought, found = _boundary(truth, stride), _boundary(mask, stride)
    if not (sought and found):
        return float(sought == found)
    precision = (found & _dilate(sought, radius, stride)).bit_count() / found.bit_count()
    recall = (sought & _dilate(found, radius, stride)).bit_count() / sought.bit_count()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: NDArray[np.bool_], stride: int) -> int:
    """Bit ``y * stride + x`` tells whether pixel (x, y) is a boundary pixel; the gap between rows is empty."""
    height, width = mask.shape
    edged = np.zeros((height + 1, stride), dtype=bool)
    edged[:-1, :width] = mask
    edged[:-1, width] = mask[:, -1]
    edged[-1] = edged[-2]
    inside = np.zeros((height, stride), dtype=bool)
    inside[:, :width] = True
    pixels = _to_bits(edged)
    differs = (pixels ^ pixels >> 1) | (pixels ^ pixels >> stride) | (pixels ^ pixels >> stride + 1)
    return differs & _to_bits(inside)


def _to_bits(image: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(image, bitorder="little").tobytes(), "little")


def _dilate(bits: int, radius: int, stride: int) -> int:
    """``bits`` dilated by the disk x² + y² <= radius². What leaves a row stays in the gap of ``radius`` bits."""
    grown, reach, result = bits, 0, 0
    for dy in range(radius, -1, -1):
        half_width = math.isqrt(radius * radius - dy * dy)
        for dx in range(reach + 1, half_width + 1):
            grown |= bits << dx | bits >> dx
        reach = half_width
        result |= grown << dy * stride | grown >> dy * stride
    return result
