"""How much of an object its points stand for: the share of the mask that lies near one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAR = 0.2
"""A pixel is near a point when it is no farther from it than this times the square root of the mask's area."""
_PIXELS, _AT_RANDOM = 512, 128
"""Pixels that stand for the mask, and those of them that stand for points at random."""


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Measures points against what as many points at random would cover.

    Attributes:
        pixels: (n, 2) int64 pixels of the mask, drawn at random, x first.
        near_px2: squared distance up to which a pixel is near.
    """

    pixels: NDArray[np.int64]
    near_px2: float

    @classmethod
    def of(cls, mask: NDArray[np.bool_], rng: np.random.Generator) -> Coverage:
        """Of a (H, W) bool mask with at least one pixel."""
        inside = np.flatnonzero(mask)
        drawn = rng.choice(inside, size=min(_PIXELS, inside.size), replace=False)
        return cls(np.stack([drawn % mask.shape[1], drawn // mask.shape[1]], axis=1), NEAR**2 * inside.size)

    def by(self, points: NDArray[np.int64]) -> float:
        """Share of the mask near one of ``points`` (n, 2), x first."""
        return float(self._near(points).any(axis=1).mean()) if len(points) else 0.0

    def at_random(self, n_points: int) -> float:
        """Share of the mask that ``n_points`` uniform pixels of it are expected to cover."""
        chance = self._near(self.pixels[:_AT_RANDOM]).mean(axis=1)
        return float((1 - (1 - chance) ** n_points).mean())

    def _near(self, points: NDArray[np.int64]) -> NDArray[np.bool_]:
        x, y = (self.pixels[:, axis, None].astype(np.int32) - points[:, axis].astype(np.int32) for axis in (0, 1))
        return np.asarray(x * x + y * y <= self.near_px2)
