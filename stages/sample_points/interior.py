"""Foreground points: spread over the whole object, each where the mask is most surely right.

The mask's pixels, of a large one some at random, are ranked by their distance to its edge, by how much more frequent
their colours are inside the mask than around it, and by how little the picture varies where they are; a pixel is as
sure as the worst of its ranks.
Points are drawn from the surest share of the pixels, and that share grows until the points cover as much of the object
as uniform ones would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.sample_points.colours import parts, roughness
from stages.sample_points.coverage import Coverage
from stages.sample_points.options import SamplingOptions
from stages.sample_points.spreading import Pixels, Points, spread
from stages.sample_points.strata import BoolMask, View

_GROWTH = 1.25
"""The share that is drawn from grows by this factor."""
_OWN = 0.5
"""A part whose colours are rarer in the mask than around it is likely no part of the object."""
_PATCH, _LEAST_PATCH_PX = 0.06, 3
"""Side of the square within which the picture should not vary, as a share of √A: it varies along the edges of what
covers the object, and of what the mask took in."""
_PART_KEEP = 0.2
"""Share of a part that its first point is drawn from where the surest pixels of the object leave it out."""
_POOL, _POOL_A_POINT = 4096, 400
"""Pixels of a large object that are looked at, drawn at random, and at least so many for each point."""


def draw_inside(
    view: View, options: SamplingOptions, n_points: int, free: BoolMask, rng: np.random.Generator
) -> tuple[Points, NDArray[np.float64]]:
    """Draw foreground points.

    Args:
        view: the object.
        options: every knob.
        n_points: how many.
        free: (h, w) bool, the pixels of the window that may be drawn.
        rng: the random stream.

    Returns:
        (n, 2) int64 pixels of the window, x first, and (n,) float64 the chance with which each was drawn.
    """
    inside = np.flatnonzero(eroded(view, options) & free)
    if n_points <= 0 or not len(inside):
        return np.empty((0, 2), dtype=np.int64), np.empty(0)
    pool = _Pool.of(view, inside, max(_POOL, _POOL_A_POINT * n_points), rng)
    cover = Coverage.of(view.mask, rng)
    wanted = options.cover * cover.at_random(n_points)
    room = n_points * options.pixels_per_point / len(pool.pixels)
    keep = min(max(options.foreground_keep, room), 1.0)
    best: tuple[float, Points, NDArray[np.float64]] | None = None
    while True:
        points, chances = pool.draw(keep, n_points, options, rng)
        reached = cover.by(points)
        if best is None or reached > best[0]:
            best = reached, points, chances
        if reached >= wanted or keep >= 1:
            return best[1:]
        keep = min(keep * _GROWTH, 1.0)


def eroded(view: View, options: SamplingOptions) -> BoolMask:
    """(h, w) bool, the mask without a margin along its edge; the whole mask where nothing would be left."""
    margin = float(np.clip(options.erosion_scale * view.scale_px(), options.erosion_min_px, options.erosion_max_px))
    deep = view.distance_px > margin
    return deep if deep.any() else view.mask


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Pixels of an object that its points are drawn from.

    Attributes:
        pixels: (n,) indices into the flattened window.
        width: of the window, in pixels.
        share: of the eroded mask that the pixels are.
        sureness: (n,) float64, the worst of the ranks of depth, colour and evenness, in [0, 1].
        parts: (n,) bool each, the pixels of a part of the object that differs in colour.
    """

    pixels: Pixels
    width: int
    share: float
    sureness: NDArray[np.float64]
    parts: Sequence[NDArray[np.bool_]]

    @classmethod
    def of(cls, view: View, inside: Pixels, at_most: int, rng: np.random.Generator) -> _Pool:
        """Of the pixels ``inside`` a window, or of some of them at random."""
        pixels = rng.choice(inside, at_most, replace=False, shuffle=False) if len(inside) > at_most else inside
        colours = view.colours(pixels)
        alike = view.likelihood.at(colours)
        patch_px = max(_LEAST_PATCH_PX, round(_PATCH * view.scale_px())) | 1
        scores = view.distance_px.ravel()[pixels], alike, -roughness(view.image, patch_px, pixels)
        sureness = np.minimum.reduce([_ranks(score) for score in scores])
        own = [part for part in parts(colours) if alike[part].mean() >= _OWN and not part.all()]
        return cls(pixels, view.mask.shape[1], len(pixels) / len(inside), sureness, own)

    def draw(
        self, keep: float, n_points: int, options: SamplingOptions, rng: np.random.Generator
    ) -> tuple[Points, NDArray[np.float64]]:
        """One point for each part, while there are points, and the rest from the surest pixels, away from those."""
        sure = _upper(self.sureness, keep)
        firsts, chances = [], []
        for part in self.parts[:n_points]:
            among = self.pixels[part & sure]
            if not len(among):
                among = self.pixels[part][_upper(self.sureness[part], _PART_KEEP)]
            firsts.append(spread(among, self.width, 1, 0.0, 0.0, rng))
            chances.append(self.share / len(among))
        given = np.concatenate(firsts) if firsts else np.empty((0, 2), dtype=np.int64)
        among = self.pixels[sure]
        apart = options.spread_px, options.spread_scale
        points = spread(among, self.width, n_points, *apart, rng, given, self.share)
        chance = self.share * (len(points) - len(given)) / len(among)
        return points, np.array([*chances, *[chance] * (len(points) - len(given))])


def _ranks(values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the values that are no greater than each one: values that are all equal are all at the top."""
    order, ranks = np.argsort(values), np.empty(len(values))
    ascending = values[order]
    ends = np.flatnonzero(np.append(ascending[1:] != ascending[:-1], True)) + 1
    ranks[order] = np.repeat(ends / len(values), np.diff(ends, prepend=0))
    return ranks


def _upper(scores: NDArray[np.float64], keep: float) -> NDArray[np.bool_]:
    """(n,) bool, the share ``keep`` of n scores that are the highest; ties at the threshold stay."""
    if keep >= 1:
        return np.ones(len(scores), dtype=bool)
    rank = min(int((1 - keep) * len(scores)), len(scores) - 1)
    return np.asarray(scores >= np.partition(scores, rank)[rank])
