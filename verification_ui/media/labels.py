"""Where the keys of ringed pixels are written, so that neither a ring nor another key is covered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_N_DIRECTIONS = 16
_REACHES = (1.0, 1.7, 2.6, 3.8, 5.2)
"""Distances between a pixel and its key that are tried, nearest first, in units of the nearest one."""


def place_labels(xy_px: NDArray[np.float64], radius_px: float, size: tuple[int, int]) -> NDArray[np.float64]:
    """(N, 2) float64 centres of the labels of N points, x first.

    Greedy: each label in turn takes the nearest place, to the right first, where its disc covers no point, no earlier
    label and lies inside the image; where there is none, the place that covers least.

    Args:
        xy_px: (N, 2) float64, x first.
        radius_px: of a label's disc, and of the disc around each point that is kept free.
        size: (height, width) of the image.
    """
    angles = np.arange(_N_DIRECTIONS) * (2 * np.pi / _N_DIRECTIONS)
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    offsets = np.concatenate([around * (2.1 * radius_px * reach) for reach in _REACHES])
    taken = xy_px.copy()
    places = np.empty_like(xy_px)
    for i, point in enumerate(xy_px):
        choices = point + offsets
        places[i] = choices[int(np.argmin(_costs(choices, taken, radius_px, size)))]
        taken = np.concatenate([taken, places[i : i + 1]])
    return places


def _costs(
    choices: NDArray[np.float64], taken: NDArray[np.float64], radius_px: float, size: tuple[int, int]
) -> NDArray[np.float64]:
    """(C,) how much each choice covers, in radii; of free ones the first, that is the nearest, wins."""
    distances = np.linalg.norm(choices[:, None] - taken[None], axis=2)
    covered = np.clip(2.0 - distances / radius_px, 0.0, None).sum(axis=1)
    height, width = size
    low, high = np.array([radius_px, radius_px]), np.array([width - radius_px, height - radius_px])
    outside = np.clip(np.maximum(low - choices, choices - high), 0.0, None).sum(axis=1) / radius_px
    return np.asarray(covered + 10.0 * outside)
