"""The part of a frame in which one object is looked for, on every grid that meets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.features.cells import COARSE_STRIDE
from stages.backends.embedded.features.grids import Grid, to_pixels

Map = NDArray[np.float32]
Kind = TypeVar("Kind", np.uint8, np.float32)
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

    def shape(self, stride: int) -> tuple[int, int]:
        """(rows, columns) of this window on the grid of ``stride``."""
        ratio = COARSE_STRIDE // stride
        return (self.bottom - self.top) * ratio, (self.right - self.left) * ratio

    def enlarged(self, cells: Map, stride: int) -> Map:
        """Bilinear values, in blocks of 2 x 2 pixels, of the window's cells of ``stride``."""
        return to_pixels(cells, Grid(*self.shape(1)), stride, *self.shape(2))

    def placed(self, values: NDArray[Kind], stride: int) -> NDArray[Kind]:
        """A whole frame's (rows, columns) of ``stride``: the ``values`` of the window, elsewhere 0."""
        whole = np.zeros(self.grid.shape(stride), dtype=values.dtype)
        whole[self.at(stride)] = values
        return whole
