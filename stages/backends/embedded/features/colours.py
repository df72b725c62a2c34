"""How far the cells of a view are from others in colour: directly, and over edges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.features.geodesics import Terrain
from stages.resize import resize

Array = NDArray[Any]
Map = NDArray[np.float32]
_SCALE = np.float32(20)
_MAX_BANK = 200
_NEAREST = 3


@dataclass(frozen=True, eq=False)
class Colours:
    """The colours of a view; what depends on them alone is measured once, for all prompts.

    Attributes:
        lab: (2 rows, 2 columns, 3) float32 LAB colours, smoothed within edges.
    """

    lab: Map

    @staticmethod
    def of(image: NDArray[np.uint8], shape: tuple[int, int]) -> Colours:
        """Of a (H, W, 3) uint8 RGB image with cells of ``shape`` = (rows, columns)."""
        rows, columns = shape
        small = resize(image, (2 * rows, 2 * columns), cv2.INTER_AREA)
        smooth = cv2.bilateralFilter(small, 5, 30, 5).astype(np.float32) / np.float32(255)
        return Colours(np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), dtype=np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of cells."""
        return self.lab.shape[0] // 2, self.lab.shape[1] // 2

    def way(self, cells: Array) -> Array:
        """Logarithm of every cell's cheapest way, over colour edges, from (N, 2) cells, row first."""
        small = resize(self._terrain.distance(2 * cells), self.shape, cv2.INTER_AREA)
        return np.asarray(np.log(small + 0.05))

    def difference(self, bank: Array, most: int) -> Array:
        """Mean LAB distance of every cell to the ``most`` cells of a bank (N, 2) that are nearest in colour, over 20.

        Row by row: all differences at once would be by far the largest thing that a prompt needs.
        """
        rows, columns = self.shape
        banked = self._cells[bank[:, 0], bank[:, 1]]
        nearest: Array = np.empty((rows, columns), dtype=self._cells.dtype)
        for row in range(rows):
            light, a, b = (np.subtract.outer(self._cells[row, :, i], banked[:, i]) ** 2 for i in range(3))
            nearest[row] = np.sort(np.sqrt(light + a + b), axis=-1)[:, :most].mean(axis=-1)
        return nearest / _SCALE

    def from_ground(self, ground: NDArray[np.bool_]) -> list[Array]:
        """Way and difference of every cell from the (rows, columns) cells that are surely (nearly all) background."""
        cells = np.argwhere(ground)
        return [self.way(cells), self.difference(cells[:: max(1, len(cells) // _MAX_BANK)], _NEAREST)]

    @cached_property
    def from_border(self) -> list[Array]:
        """Way and difference of every cell from the frame's border."""
        border: NDArray[np.bool_] = np.ones(self.shape, dtype=bool)
        border[1:-1, 1:-1] = False
        return self.from_ground(border)

    @cached_property
    def _terrain(self) -> Terrain:
        return Terrain(self.lab / _SCALE)

    @cached_property
    def _cells(self) -> Map:
        return resize(self.lab, self.shape, cv2.INTER_AREA)
