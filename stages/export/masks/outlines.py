"""Outlines of masks, for formats that know polygons only."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The outer outlines of a mask's pieces, largest first.

    Outlines run along the edges of pixels: a polygon filled by COCO's rule gives back the piece. Holes are filled.

    Args:
        mask: (H, W) bool.

    Returns:
        (N, 2) float64 each, x first, in pixels, N >= 4; the pixel in the upper left corner reaches from 0 to 1.
    """
    doubled = cv2.resize(mask.astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    found, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    pieces = [_along_edges(np.asarray(contour[:, 0, :], dtype=np.int32)) for contour in found]
    return sorted(pieces, key=lambda piece: -abs(_area(piece)))


def _along_edges(contour: NDArray[np.int32]) -> NDArray[np.float64]:
    """From the middles of half pixels at the border to the corners of pixels, without points on straight lines."""
    corners = ((contour + 1) // 2).astype(np.float64)
    kept = corners[np.any(corners != np.roll(corners, 1, axis=0), axis=1)]
    before, after = kept - np.roll(kept, 1, axis=0), np.roll(kept, -1, axis=0) - kept
    turns: NDArray[np.bool_] = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return kept[turns]


def _area(piece: NDArray[np.float64]) -> float:
    x, y = piece.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
