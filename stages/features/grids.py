"""Cell grids over a frame: cell (i, j) of a grid of stride s sits on pixel (s·i, s·j) of the working image.

Every network layer with plain padding ``(k - 1) // 2`` keeps that rule, so masks and features meet without offsets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FULL_PIXELS = 864 * 480
FAST_PIXELS = 640 * 368
_MULTIPLE = 16
_MAX_ENLARGEMENT = 4.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The working size of a frame, in pixels."""

    height: int
    width: int

    def shape(self, stride: int) -> tuple[int, int]:
        """(rows, columns) of cells of ``stride``.

        >>> Grid(480, 864).shape(8)
        (60, 108)
        """
        return -(-self.height // stride), -(-self.width // stride)


def working_grid(height: int, width: int, pixels: int = FULL_PIXELS) -> Grid:
    """The working size for frames of ``height`` x ``width``: about ``pixels`` pixels at the frame's own aspect ratio.

    Both sides are multiples of 16; a small frame is enlarged at most fourfold.

    >>> working_grid(480, 854), working_grid(480, 854, FAST_PIXELS), working_grid(1920, 1080)
    (Grid(height=480, width=864), Grid(height=368, width=640), Grid(height=864, width=480))
    """
    scale = min(math.sqrt(pixels / (height * width)), _MAX_ENLARGEMENT)
    return Grid(_rounded(height * scale), _rounded(width * scale))


def _rounded(length: float) -> int:
    return max(_MULTIPLE * 4, round(length / _MULTIPLE) * _MULTIPLE)


def resize_image(image: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 → (grid.height, grid.width, 3) uint8; by area when it shrinks, bilinear when it grows."""
    if image.shape[:2] == (grid.height, grid.width):
        return image
    grows = grid.height > image.shape[0]
    method = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, (grid.width, grid.height), interpolation=method), dtype=np.uint8)


def to_cells(mask: NDArray[np.float32] | NDArray[np.bool_], grid: Grid, stride: int) -> NDArray[np.float32]:
    """Mean of a (H, W) mask or probability around every cell: area resize, ``stride`` box blur, one sample a cell.

    Returns:
        (rows, columns) float32, contiguous.
    """
    values = mask.astype(np.float32)
    if values.shape != (grid.height, grid.width):
        values = cv2.resize(values, (grid.width, grid.height), interpolation=cv2.INTER_AREA).astype(np.float32)
    if stride > 1:
        values = cv2.blur(values, (stride, stride)).astype(np.float32)
    return np.ascontiguousarray(values[::stride, ::stride])


def to_pixels(cells: NDArray[np.float32], grid: Grid, stride: int, height: int, width: int) -> NDArray[np.float32]:
    """Bilinear values of a (rows, columns) float32 cell map at every pixel of a ``height`` x ``width`` frame.

    Pixel x lies at column ``((x + 0.5) · grid.width / width - 0.5) / stride``; beyond the last cell its value repeats.
    """
    step_x, step_y = grid.width / width / stride, grid.height / height / stride
    offset = 0.5 / stride
    affine = np.array([[step_x, 0, 0.5 * step_x - offset], [0, step_y, 0.5 * step_y - offset]], dtype=np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(cells, affine, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(pixels, dtype=np.float32)
