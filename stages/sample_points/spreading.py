"""Random points that keep their distance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.int64]
"""(n,) indices into a flattened picture, each once."""
Points = NDArray[np.int64]
"""(n, 2) int64 pixel indices, x first."""

_POOL, _POOL_A_POINT = 1024, 32
"""Pixels that are tried, and at least so many for each point."""
_SHRINK = 0.9


def spread(
    pixels: Pixels,
    width: int,
    n_points: int,
    least_px: float,
    scale: float,
    rng: np.random.Generator,
    given: Points | None = None,
    share: float = 1.0,
) -> Points:
    """Draw up to ``n_points`` distinct ones of ``pixels``, no two nearer than a distance that shrinks until they fit.

    Poisson-disk sampling by dart throwing: pixels come in random order and stay when no earlier one is too near.

    Args:
        pixels: the region, or some of its pixels at random.
        width: of the picture, in pixels.
        n_points: how many; fewer come when there are fewer pixels.
        least_px: least distance to start with.
        scale: the distance to start with is at least ``scale`` · √(the region's area / n_points).
        rng: the random stream.
        given: points that are there already; they come first and count.
        share: of the region that ``pixels`` are.

    Returns:
        (n, 2) int64 pixel indices, x first.
    """
    points = np.empty((0, 2), dtype=np.int64) if given is None else given
    if pixels.size == 0 or n_points <= len(points):
        return points[:n_points]
    drawn = rng.choice(pixels, size=min(max(_POOL, _POOL_A_POINT * n_points), pixels.size), replace=False)
    darts = np.concatenate([points, np.stack([drawn % width, drawn // width], axis=1)])
    n_points = min(n_points, len(np.unique(darts[:, 1] * width + darts[:, 0])))
    distance = max(least_px, scale * math.sqrt(pixels.size / (share * n_points)))
    while len(chosen := _thrown(darts, len(points), n_points, distance)) < n_points:
        distance = distance * _SHRINK if distance > 1 else 0.0
    return np.asarray(darts[chosen])


def _thrown(darts: Points, n_given: int, n_points: int, distance: float) -> list[int]:
    """Darts in order, while there is one that is at least ``distance`` from all before; the given ones come first."""
    xs, ys = np.ascontiguousarray(darts.T)
    least = max(distance * distance, 1.0)
    free = np.ones(len(darts), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < n_points and (free.any() or len(chosen) < n_given):
        index = len(chosen) if len(chosen) < n_given else int(np.argmax(free))
        chosen.append(index)
        free &= (xs - xs[index]) ** 2 + (ys - ys[index]) ** 2 >= least
    return chosen
