"""Random points that keep their distance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_POOL = 4096


def spread(
    region: NDArray[np.bool_], n_points: int, least_px: float, scale: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw up to ``n_points`` distinct pixels of a region, no two nearer than a distance that shrinks until they fit.

    Poisson-disk sampling by dart throwing: pixels come in random order and stay when no earlier one is too near.

    Args:
        region: (H, W) bool.
        n_points: how many; fewer come when the region has fewer pixels.
        least_px: least distance to start with.
        scale: the distance to start with is at least ``scale`` · √(region's area / n_points).
        rng: the random stream.

    Returns:
        (n, 2) int64 pixel indices, x first.
    """
    pixels = np.flatnonzero(region)
    n_points = min(n_points, pixels.size)
    if n_points <= 0:
        return np.empty((0, 2), dtype=np.int64)
    drawn = rng.choice(pixels, size=min(_POOL, pixels.size), replace=False)
    darts = np.stack([drawn % region.shape[1], drawn // region.shape[1]], axis=1).astype(np.int64)
    distance = max(least_px, scale * math.sqrt(pixels.size / n_points))
    chosen: list[int] = []
    while len(chosen) < n_points:
        _throw(darts, chosen, n_points, distance)
        distance = distance / 2 if distance > 1 else 0.0
    return darts[chosen]


def _throw(darts: NDArray[np.int64], chosen: list[int], n_points: int, distance: float) -> None:
    """Add darts to ``chosen`` in order, while there is one that is at least ``distance`` from all of them."""
    free = np.ones(len(darts), dtype=bool)
    for index in chosen:
        free &= _far_from(darts, index, distance)
    while len(chosen) < n_points and free.any():
        index = int(np.argmax(free))
        chosen.append(index)
        free &= _far_from(darts, index, distance)


def _far_from(darts: NDArray[np.int64], index: int, distance: float) -> NDArray[np.bool_]:
    squared = ((darts - darts[index]) ** 2).sum(axis=1)
    return np.asarray((squared >= distance * distance) & (squared > 0))
