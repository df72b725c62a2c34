"""Cues: what speaks for and against every cell being on the object that a few seeds point at.

Every cue is a (rows, columns) float32 map on the view's cells of stride 8. A trained combiner weighs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stages.backends.embedded.features.cells import COARSE_STRIDE
from stages.backends.embedded.features.colours import Colours
from stages.backends.embedded.features.descriptors import NEAREST_GROUND, Descriptors, Level, View
from stages.backends.embedded.features.grids import to_cells

Array = NDArray[Any]
MAX_SEEDS = 12
FLAT = 0.7
"""Likeness in texture to the frame's border that only flat ground has: sky, water, a wall."""
SLIP = 2
"""Seeds before and after one on flat ground that are doubted too."""
NEAREST_SEEDS = 3
MIN_SPREAD = 0.02
"""Likeness that spreads less than this over the frame says little."""
MAX_BANK = 400
"""Cells of the background that similarities are taken to, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of one object on one view, in pixels of the working image.

    Attributes:
        seeds: (N, 2) float64 positions on the object, x first, N >= 1.
        box: (4,) float64 half-open xyxy that holds the object, or None.
        cut: (h, w) bool, GrabCut's answer.
    """

    seeds: Array
    box: Array | None
    cut: NDArray[np.bool_]


def to_cell(xy_px: Array, shape: tuple[int, int], stride: int = COARSE_STRIDE) -> NDArray[np.int64]:
    """(N, 2) pixels, x first → (N, 2) cell indices, row first.

    >>> to_cell(np.array([[12.0, 3.0], [900, 900]]), (60, 108)).tolist()
    [[0, 1], [59, 107]]
    """
    cells = np.floor(np.asarray(xy_px, dtype=np.float64)[:, ::-1] / stride).astype(np.int64)
    return np.clip(cells, 0, np.array(shape) - 1)


def typical_seeds(seeds: Array, descriptors: Descriptors) -> Array:
    """At most 12 seeds, evenly chosen in order; of 6 and more the 15 % least like the others are left out.

    The pointer of a person who draws slips off the object now and then; what it then shows looks different.
    """
    if len(seeds) >= 6:
        seeds = _off_flat_ground(seeds, descriptors)
    if len(seeds) > MAX_SEEDS:
        seeds = seeds[np.linspace(0, len(seeds) - 1, MAX_SEEDS).round().astype(int)]
    if len(seeds) < 6:
        return seeds
    likeness = torch.zeros(len(seeds))
    for level in (descriptors.levels[1], descriptors.levels[3]):
        own = level.at(seeds)
        likeness += (own @ own.T).mean(dim=1).cpu()
    n_kept = len(seeds) - round(0.15 * len(seeds))
    kept = np.sort(torch.argsort(likeness, descending=True, stable=True)[:n_kept].numpy())
    chosen: Array = seeds[kept]
    return chosen


def _off_flat_ground(seeds: Array, descriptors: Descriptors) -> Array:
    """Without the seeds that slipped onto flat ground, when fewer than half did: then the object is not flat."""
    likeness = descriptors.from_border[0]
    rows, columns = to_cell(seeds, descriptors.levels[0].shape).T
    slipped = np.convolve(likeness[rows, columns] > FLAT, np.ones(2 * SLIP + 1), mode="same") > 0
    kept: Array = seeds[~slipped] if slipped.mean() < 0.5 else seeds
    return kept


def cue_maps(view: View, descriptors: Descriptors, evidence: Evidence) -> NDArray[np.float32]:
    """All cues, (rows, columns, 32) float32; 35 of them when the evidence has a box.

    Likeness comes twice, as it is and standardised within the frame: how alike all things look differs by frame.
    """
    seeds = np.unique(to_cell(evidence.seeds, view.shape), axis=0)
    likeness = _likeness(view, descriptors, evidence)
    maps = [
        *likeness,
        *_distances(view.shape, descriptors, seeds),
        to_cells(evidence.cut, view.grid, COARSE_STRIDE),
    ]
    if evidence.box is not None:
        maps += _box_position(view.shape, evidence.box)
    maps += [(cue - cue.mean()) / (cue.std() + MIN_SPREAD) for cue in likeness]
    maps += _from_ground(view.shape, descriptors.colours, evidence.box)
    return np.stack(maps, axis=-1).astype(np.float32)


def _likeness(view: View, descriptors: Descriptors, evidence: Evidence) -> list[Array]:
    """For each descriptor: the mean of the 3 best cosines to seeds, and of the 8 best to background."""
    maps = []
    for level, from_border in zip(descriptors.levels, descriptors.from_border, strict=True):
        maps.append(level.likeness(level.at(evidence.seeds), NEAREST_SEEDS, view.shape))
        ground = _outside_box(level, evidence.box) if evidence.box is not None else None
        maps.append(from_border if ground is None else level.likeness(ground, NEAREST_GROUND, view.shape))
    return maps


def _outside_box(level: Level, box: Array) -> Tensor | None:
    """Evenly chosen cells outside the box, (N, channels); None when hardly any are."""
    outside = np.argwhere(~_inside_box(level.shape, level.stride, box, 1))
    if len(outside) < NEAREST_GROUND:
        return None
    rows, columns = outside[:: max(1, len(outside) // MAX_BANK)].T
    return level.cells[rows, columns]


def _inside_box(shape: tuple[int, int], stride: int, box: Array, margin: int) -> NDArray[np.bool_]:
    (y0, x0), (y1, x1) = _box_cells(shape, stride, box)
    inside = np.zeros(shape, dtype=bool)
    inside[max(0, y0 - margin) : y1 + margin + 1, max(0, x0 - margin) : x1 + margin + 1] = True
    return inside


def _box_cells(shape: tuple[int, int], stride: int, box: Array) -> NDArray[np.int64]:
    """The first and the last cell of a half-open box, (2, 2), row first."""
    return to_cell((np.asarray(box) - [0, 0, 1, 1]).reshape(2, 2), shape, stride)


def rivalry(view: View, descriptors: Descriptors, seeds: Array, negatives: Array) -> NDArray[np.float32]:
    """How much nearer a cell is to what is off the object than to the object, over colour and feature edges.

    Args:
        view: the frame.
        descriptors: of the same view.
        seeds: (N, 2) positions on the object in pixels of the view, x first, N >= 1.
        negatives: (M, 2) positions off it, M >= 1.

    Returns:
        (rows, columns) float32, at least 0: the mean of both logarithms of (way from seeds / way from negatives).
    """
    ours, theirs = (_ways(descriptors, to_cell(xy_px, view.shape)) for xy_px in (seeds, negatives))
    ratio = np.mean([our_way - their_way for our_way, their_way in zip(ours, theirs, strict=True)], axis=0)
    return np.asarray(np.maximum(ratio, 0), dtype=np.float32)


def _ways(descriptors: Descriptors, cells: NDArray[np.int64]) -> tuple[Array, Array]:
    """Logarithms of the cheapest ways from (N, 2) cells, row first: over colour edges, over feature edges."""
    return descriptors.colours.way(cells), descriptors.way(cells)


def _distances(shape: tuple[int, int], descriptors: Descriptors, seeds: Array) -> list[Array]:
    """Distances from the seeds: over colour edges, in colour, over feature edges, in cells; and place in the frame."""
    rows, columns = shape
    colour_way, feature_way = _ways(descriptors, seeds)
    y, x = np.mgrid[:rows, :columns]
    away = np.sqrt((y[..., None] - seeds[:, 0]) ** 2 + (x[..., None] - seeds[:, 1]) ** 2).min(axis=-1)
    extent = float(np.ptp(seeds, axis=0).max())
    return [
        colour_way,
        descriptors.colours.difference(seeds, NEAREST_SEEDS - 1),
        feature_way,
        np.log(away + 1),
        away / 30,
        np.abs(y - rows / 2) / rows,
        np.abs(x - columns / 2) / columns,
        np.full(shape, np.log1p(extent) / 3),
        away / (extent + 4),
    ]


def _from_ground(shape: tuple[int, int], colours: Colours, box: Array | None) -> list[Array]:
    """How far cells are in colour from a ring round the box, or from the frame's border."""
    if box is None:
        return colours.from_border
    ring = _inside_box(shape, COARSE_STRIDE, box, 2) & ~_inside_box(shape, COARSE_STRIDE, box, 0)
    return colours.from_ground(ring) if ring.sum() >= NEAREST_GROUND else colours.from_border


def _box_position(shape: tuple[int, int], box: Array) -> list[Array]:
    """Inside or not, and how far from the box's middle, each way, in units of the box."""
    (y0, x0), (y1, x1) = _box_cells(shape, COARSE_STRIDE, box)
    inside = _inside_box(shape, COARSE_STRIDE, box, 0).astype(np.float64)
    y, x = np.mgrid[: shape[0], : shape[1]]
    across_y = np.abs(y - (y0 + y1) / 2) / (y1 - y0 + 1) * inside
    across_x = np.abs(x - (x0 + x1) / 2) / (x1 - x0 + 1) * inside
    return [inside * 4 - 2, across_y, across_x]
