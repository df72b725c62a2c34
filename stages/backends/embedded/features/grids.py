"""Cell grids over a frame: cell (i, j) of a grid of stride s is the block of s x s pixels from (s·i, s·j) on.

Its centre is pixel s·i + (s - 1) / 2. The feature maps keep the same rule, so masks and features meet without offsets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.resize import resize

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
    return resize(image, (grid.height, grid.width), method)


def to_cells(mask: NDArray[np.float32] | NDArray[np.bool_], grid: Grid, stride: int) -> NDArray[np.float32]:
    """Mean of a (H, W) mask or probability, of any size, over every cell of ``stride``.

    Returns:
        (rows, columns) float32.

    Raises:
        ValueError: ``stride`` does not divide the grid.
    """
    rows, columns = grid.shape(stride)
    if (rows * stride, columns * stride) != (grid.height, grid.width):
        raise ValueError(f"stride {stride} does not divide a grid of {grid.height} x {grid.width} pixels")
    return resize(mask.astype(np.float32), (rows, columns), cv2.INTER_AREA)


def to_pixels(cells: NDArray[np.float32], grid: Grid, stride: int, height: int, width: int) -> NDArray[np.float32]:
    """Bilinear values of a (rows, columns) float32 map, the cells of ``stride`` of ``grid``, at the pixels of a frame.

    Pixel x of ``width`` lies at column ``(x + 0.5) · columns / width - 0.5``; beyond the last cell its value repeats.

    Raises:
        ValueError: the map is not of that grid.
    """
    if cells.shape != grid.shape(stride):
        raise ValueError(f"a map of {cells.shape} cells is not of stride {stride} of {grid}")
    return resize(cells, (height, width), cv2.INTER_LINEAR)
