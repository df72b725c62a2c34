"""What the cells of one frame are compared by: five unit descriptors, from texture to class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.backends.embedded.features.backbone import STRIDES, Backbone
from stages.backends.embedded.features.cells import COARSE_STRIDE, coarse_cells, enlarge, fine_cells
from stages.backends.embedded.features.colours import Colours
from stages.backends.embedded.features.geodesics import Terrain
from stages.backends.embedded.features.grids import Grid, resize_image, working_grid

NEAREST_GROUND = 8
"""Background cells whose mean cosine is a cell's likeness to the background."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A frame, or a crop of one, as the network sees it; shared by all prompts of the frame.

    Attributes:
        image: (grid.height, grid.width, 3) uint8 RGB, the working image.
        grid: the working size.
        coarse: (rows · columns, 472) float32 cells of stride 8.
        fine: (rows · columns, 89) float32 cells of stride 4.
        maps: the network's levels, (rows, columns, channels) each.
    """

    image: NDArray[np.uint8]
    grid: Grid
    coarse: Tensor
    fine: Tensor
    maps: dict[str, Tensor]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the coarse cells."""
        return self.grid.shape(COARSE_STRIDE)


def look(backbone: Backbone, image: NDArray[np.uint8], pixels: int) -> View:
    """Resize an image (H, W, 3) uint8 RGB to about ``pixels`` pixels and describe its cells."""
    grid = working_grid(image.shape[0], image.shape[1], pixels)
    working = resize_image(image, grid)
    maps = backbone.features(working, grid, STRIDES)
    return View(working, grid, coarse_cells(maps, grid), fine_cells(maps, working, grid), maps)


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One descriptor of a view's cells, on the network's own grid.

    Attributes:
        cells: (rows, columns, channels) float32 of unit norm.
        stride: of the grid, in pixels of the working image.
    """

    cells: Tensor
    stride: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.cells.shape[0], self.cells.shape[1])

    def at(self, xy_px: NDArray[np.float64]) -> Tensor:
        """Bilinear descriptors (N, channels), of unit norm, at (N, 2) pixels of the working image, x first."""
        last = np.array(self.shape) - 1
        place = np.clip((xy_px[:, ::-1] + 0.5) / self.stride - 0.5, 0, last)
        low = np.minimum(np.floor(place).astype(np.int64), np.maximum(last - 1, 0))
        high = np.minimum(low + 1, last)
        part = torch.from_numpy((place - low).astype(np.float32)).to(self.cells.device)
        top = torch.lerp(self.cells[low[:, 0], low[:, 1]], self.cells[low[:, 0], high[:, 1]], part[:, 1:])
        bottom = torch.lerp(self.cells[high[:, 0], low[:, 1]], self.cells[high[:, 0], high[:, 1]], part[:, 1:])
        return functional.normalize(torch.lerp(top, bottom, part[:, :1]), dim=-1)

    def likeness(self, bank: Tensor, most: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Mean cosine of every cell to its ``most`` nearest in a bank (N, channels), on the view's cells ``shape``."""
        cosines = self.cells.flatten(0, 1) @ bank.T
        nearest = torch.topk(cosines, min(most, len(bank)), dim=1).values.mean(dim=1).reshape(*self.shape, 1)
        return np.asarray(enlarge(nearest, self.stride // COARSE_STRIDE, shape)[..., 0].cpu().numpy())


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What the cells of a view are compared by; what depends on the view alone is measured once, for all prompts.

    Attributes:
        levels: b4 (texture), b10 (parts), b15 and head (things), and the square root of the local class posterior.
        from_border: by level, the mean cosine of every cell of stride 8 to the 8 nearest cells of the frame's
            border, (rows, columns) float32.
        colours: of the cells.
    """

    levels: tuple[Level, ...]
    from_border: tuple[NDArray[np.float32], ...]
    colours: Colours

    def way(self, cells: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logarithm of every cell's cheapest way, over edges of texture and parts, from (N, 2) cells, row first."""
        return np.asarray(np.log(self._terrain.distance(cells) + 0.05))

    @cached_property
    def _terrain(self) -> Terrain:
        texture, parts = self.levels[:2]
        return Terrain(torch.cat([texture.cells, enlarge(parts.cells, 2, texture.shape)], dim=-1).cpu().numpy())


def describe(backbone: Backbone, view: View) -> Descriptors:
    """All descriptors that cues compare."""
    head = backbone.head(view.maps["b15"])
    posterior = backbone.class_logits(head).softmax(dim=-1).sqrt()
    maps = ((view.maps["b4"], 8), (view.maps["b10"], 16), (view.maps["b15"], 32), (head, 32), (posterior, 32))
    levels = tuple(Level(functional.normalize(cells, dim=-1), stride) for cells, stride in maps)
    from_border = tuple(level.likeness(_border(level.cells), NEAREST_GROUND, view.shape) for level in levels)
    return Descriptors(levels, from_border, Colours.of(view.image, view.shape))


def _border(cells: Tensor) -> Tensor:
    return torch.cat([cells[0], cells[-1], cells[1:-1, 0], cells[1:-1, -1]])
