"""The part of a frame in which one object is looked for, on every grid that meets there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.features.cells import COARSE_STRIDE
from stages.backends.embedded.features.grids import Grid, to_pixels

Map = NDArray[np.float32]
Slices = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Window:
    """Rows ``top:bottom`` and columns ``left:right`` of coarse cells, of a frame of ``grid`` pixels."""

    grid: Grid
    top: int
    bottom: int
    left: int
    right: int

    @staticmethod
    def around(cells: NDArray[np.bool_], reach: int, grid: Grid) -> Window:
        """The bounding box of the true (rows, columns) ``cells``, grown by ``reach``; the whole frame if none is."""
        rows, columns = cells.shape
        ys, xs = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
        if not len(ys):
            return Window(grid, 0, rows, 0, columns)
        top, bottom = max(0, int(ys[0]) - reach), min(rows, int(ys[-1]) + 1 + reach)
        return Window(grid, top, bottom, max(0, int(xs[0]) - reach), min(columns, int(xs[-1]) + 1 + reach))

    def at(self, stride: int) -> Slices:
        """Slices of this window on the grid of ``stride`` (8, 4, 2 or 1 pixels a cell)."""
        ratio = COARSE_STRIDE // stride
        return slice(self.top * ratio, self.bottom * ratio), slice(self.left * ratio, self.right * ratio)

    def enlarged(self, cells: Map, stride: int) -> Map:
        """Bilinear values, in blocks of 2 x 2 pixels of the window, of a whole frame's cells of ``stride``."""
        height, width = (self.bottom - self.top) * COARSE_STRIDE, (self.right - self.left) * COARSE_STRIDE
        return to_pixels(cells[self.at(stride)], Grid(height, width), stride, height // 2, width // 2)
