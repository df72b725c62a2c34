"""Pixels as the embedded propagator's classifiers see them: its coarse and fine cells, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stages.backends.embedded.features.backbone import Backbone, load_backbone
from stages.backends.embedded.features.cells import COARSE_STRIDE, FINE_STRIDE, coarse_cells, fine_cells
from stages.backends.embedded.features.grids import resize_image, working_grid
from stages.resize import resize

Map = NDArray[np.float32]
_FINE = 0.7
"""Factor of the fine cells, so that both scales count about the same."""


@dataclass(frozen=True, slots=True, eq=False)
class CellDescription:
    """See :class:`stages.backends.describer.Description`; between the centres of cells it is bilinear.

    Attributes:
        shape: (H, W) of the frame.
        scales: (rows, columns, channels) float32 cells over the whole frame, the coarse ones first.
    """

    shape: tuple[int, int]
    scales: tuple[Map, ...]

    def at(self, xy_px: NDArray[np.int64]) -> Map:
        """See :meth:`stages.backends.describer.Description.at`."""
        return np.concatenate([_bilinear(cells, xy_px, self.shape) for cells in self.scales], axis=1)

    def scores(self, classifier: Map) -> Map:
        """See :meth:`stages.backends.describer.Description.scores`."""
        total, start = np.full(self.shape, classifier[-1], dtype=np.float32), 0
        for cells in self.scales:
            own = classifier[start : start + cells.shape[-1]]
            total += resize(np.ascontiguousarray(cells @ own), self.shape)
            start += len(own)
        return total


class EmbeddedDescriber:
    """See the module; stateless, safe to call from several threads."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone

    @torch.no_grad()
    def describe(self, image: NDArray[np.uint8]) -> CellDescription:
        """See :meth:`stages.backends.describer.Describer.describe`."""
        height, width = image.shape[:2]
        grid = working_grid(height, width)
        working = resize_image(image, grid)
        maps = self._backbone.features(working, grid)
        coarse = coarse_cells(maps, grid).cpu().numpy().reshape(*grid.shape(COARSE_STRIDE), -1)
        fine = fine_cells(maps, working, grid).cpu().numpy().reshape(*grid.shape(FINE_STRIDE), -1)
        return CellDescription((height, width), (coarse, np.float32(_FINE) * fine))


def load_embedded(device: str = "auto") -> EmbeddedDescriber:
    """Load the backbone, which the process shares."""
    return EmbeddedDescriber(load_backbone(device))


def _bilinear(cells: Map, xy_px: NDArray[np.int64], shape: tuple[int, int]) -> Map:
    """(N, channels) float32 at pixels (N, 2) of a frame of ``shape`` (H, W) that (rows, columns, channels) cells cover.

    Pixel x of W lies at column ``(x + 0.5) · columns / W - 0.5``; beyond the last centre its value repeats.
    """
    size = np.array(cells.shape[1::-1])
    place = np.clip((xy_px + 0.5) * size / np.array(shape[::-1]) - 0.5, 0, size - 1)
    low = np.minimum(place.astype(np.int64), size - 2)
    right, down = (place - low).astype(np.float32).T[..., None]
    (x, y) = low.T
    above = (1 - right) * cells[y, x] + right * cells[y, x + 1]
    below = (1 - right) * cells[y + 1, x] + right * cells[y + 1, x + 1]
    return np.asarray((1 - down) * above + down * below, dtype=np.float32)
