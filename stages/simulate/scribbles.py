"""A simulated user who scribbles: one stroke along the skeleton of each region in which a mask is wrong.

After the description in Caelles et al., "The 2018 DAVIS Challenge on Video Object Segmentation" (arXiv 1803.00557): the
error regions are thinned to their skeletons, the longest way through each skeleton is followed and smoothed. Written
from that text alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from schemas.localizations import Scribble
from stages.simulate.error_regions import ErrorRegion, regions

Mask = NDArray[np.bool_]
_SMOOTHED = 9
"""Neighbouring points of a stroke that are averaged: a hand makes no corners of one pixel."""
_NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""(row, column) steps from north on, clockwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """One stroke.

    Attributes:
        label: 1 on the object, 0 off it.
        xy_px: (N, 2) int64 pixel indices in the order of the hand, x first.
    """

    label: int
    xy_px: NDArray[np.int64]


def scribble(region: ErrorRegion) -> Stroke:
    """A stroke along a region: the longest way through its skeleton, smoothed; it never leaves the region."""
    way = longest_way(skeleton(region.pixels))
    smooth = np.rint(uniform_filter1d(way.astype(np.float64), _SMOOTHED, axis=0, mode="nearest")).astype(np.int64)
    inside = region.pixels[smooth[:, 1], smooth[:, 0]]
    drawn = np.where(inside[:, None], smooth, way)
    return Stroke(region.label, drawn + np.array([region.left, region.top]))


def scribble_hint(mask: Mask) -> Scribble:
    """A hint of one stroke along the largest part of an object.

    Args:
        mask: (H, W) bool, the object; not empty.

    >>> scribble_hint(np.pad(np.ones((3, 9), dtype=bool), 1)).labels
    (1,)
    """
    largest = max(regions(mask, 1), key=lambda one: one.area)
    xy_norm = (scribble(largest).xy_px + 0.5) / [mask.shape[1], mask.shape[0]]
    return Scribble((tuple((float(x), float(y)) for x, y in xy_norm),), (1,))


def skeleton(pixels: Mask) -> Mask:
    """A (h, w) bool mask thinned to lines of one pixel, connected as the mask is.

    Source: Zhang and Suen, "A fast parallel algorithm for thinning digital patterns" (CACM 1984).

    >>> skeleton(np.ones((3, 9), dtype=bool)).astype(int).tolist()[1]
    [0, 1, 1, 1, 1, 1, 1, 0, 0]
    """
    kept = np.pad(pixels, 1)
    is_done = False
    while not is_done:
        is_done = True
        for first, second in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            gone = _thinned(kept, first, second)
            kept &= ~gone
            is_done = is_done and not gone.any()
    return kept[1:-1, 1:-1] if kept.any() else _middle(pixels)


def _thinned(kept: Mask, first: tuple[int, ...], second: tuple[int, ...]) -> Mask:
    """Edge pixels whose removal parts nothing; ``first`` and ``second``: one neighbour of each must be empty."""
    around = np.stack([np.roll(kept, (-dy, -dx), axis=(0, 1)) for dy, dx in _NEIGHBOURS])
    n_kept = around.sum(axis=0)
    n_rises = (~around & np.roll(around, -1, axis=0)).sum(axis=0)
    is_edge = ~around[list(first)].all(axis=0) & ~around[list(second)].all(axis=0)
    found: Mask = kept & (n_kept >= 2) & (n_kept <= 6) & (n_rises == 1) & is_edge
    return found


def _middle(pixels: Mask) -> Mask:
    """The deepest pixel alone: blocks of two by two pixels are thinned to nothing."""
    depth = cv2.distanceTransform(np.pad(pixels, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    middle = np.zeros_like(pixels)
    middle[np.unravel_index(int(depth.argmax()), depth.shape)] = True
    return middle


def longest_way(lines: Mask) -> NDArray[np.int64]:
    """(N, 2) pixel indices, x first: the longest of the shortest ways between two pixels of a connected skeleton.

    >>> sorted(longest_way(np.eye(3, dtype=bool)).tolist())
    [[0, 0], [1, 1], [2, 2]]
    """
    rows, columns = np.nonzero(lines)
    numbers = np.full(np.add(lines.shape, 2), -1)
    numbers[rows + 1, columns + 1] = np.arange(len(rows))
    starts, ends, lengths = [], [], []
    for dy, dx in _NEIGHBOURS:
        others = numbers[rows + 1 + dy, columns + 1 + dx]
        (is_there,) = np.nonzero(others >= 0)
        starts.append(is_there)
        ends.append(others[is_there])
        lengths.append(np.full(len(is_there), np.hypot(dy, dx)))
    graph = coo_array((np.concatenate(lengths), (np.concatenate(starts), np.concatenate(ends))), (len(rows),) * 2)
    one_end = _farthest(dijkstra(graph.tocsr(), indices=0))
    distances, previous = dijkstra(graph.tocsr(), indices=one_end, return_predecessors=True)
    way = [_farthest(distances)]
    while way[-1] != one_end:
        way.append(int(previous[way[-1]]))
    return np.stack([columns[way], rows[way]], axis=1).astype(np.int64)


def _farthest(distances: NDArray[np.float64]) -> int:
    return int(np.where(np.isfinite(distances), distances, -1).argmax())
