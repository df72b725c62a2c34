"""Foreground points: spread over the whole object, each where the mask is most surely right.

The mask's pixels are ranked by their distance to its edge, by how much more frequent their colours are inside the mask
than around it, and by how little the picture varies where they are; a pixel is as sure as the worst of its ranks.
Points are drawn from the surest share of the pixels, and that share grows until the points cover as much of the object
as uniform ones would.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.sample_points.colours import parts, roughness
from stages.sample_points.coverage import Coverage
from stages.sample_points.options import SamplingOptions
from stages.sample_points.spreading import Points, spread
from stages.sample_points.strata import BoolMask, View, upper

_GROWTH = 1.25
"""The share that is drawn from grows by this factor."""
_OWN = 0.5
"""A part whose colours are rarer in the mask than around it is likely no part of the object."""
_PATCH, _LEAST_PATCH_PX = 0.06, 3
"""Side of the square within which the picture should not vary, as a share of √A: it varies along the edges of what
covers the object, and of what the mask took in."""
_PART_KEEP = 0.2
"""Share of a part that its first point is drawn from where the surest pixels of the object leave it out."""


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
    region = eroded(view, options) & free
    if n_points <= 0 or not region.any():
        return np.empty((0, 2), dtype=np.int64), np.empty(0)
    alike = view.likelihood.at(region)
    sureness, cover = _sureness(view, region, alike), Coverage.of(view.mask, rng)
    own_parts = [
        part for part in parts(view.colours, region) if alike[part[region]].mean() >= _OWN and (part != region).any()
    ]
    wanted = options.cover * cover.at_random(n_points)
    room = n_points * options.pixels_per_point / np.count_nonzero(region)
    keep = min(max(options.foreground_keep, room), 1.0)
    best: tuple[float, Points, NDArray[np.float64]] | None = None
    while True:
        points, chances = _draw(upper(region, sureness, keep), own_parts, sureness, n_points, options, rng)
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


def _sureness(view: View, region: BoolMask, alike: NDArray[np.float64]) -> NDArray[np.float32]:
    """(h, w) float32: in the region the worst of the ranks of depth, colour and evenness, in [0, 1]; 0 elsewhere."""
    patch_px = max(_LEAST_PATCH_PX, round(_PATCH * view.scale_px())) | 1
    evenness = -roughness(view.image, patch_px, region)
    found = np.zeros(region.shape, dtype=np.float32)
    found[region] = np.minimum.reduce([_ranks(values) for values in (view.distance_px[region], alike, evenness)])
    return found


def _ranks(values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the values that are no greater than each one: values that are all equal are all at the top."""
    order, ranks = np.argsort(values), np.empty(len(values))
    ascending = values[order]
    ends = np.flatnonzero(np.append(ascending[1:] != ascending[:-1], True)) + 1
    ranks[order] = np.repeat(ends / len(values), np.diff(ends, prepend=0))
    return ranks


def _draw(
    region: BoolMask,
    own_parts: list[BoolMask],
    sureness: NDArray[np.float32],
    n_points: int,
    options: SamplingOptions,
    rng: np.random.Generator,
) -> tuple[Points, NDArray[np.float64]]:
    """One point for each part, while there are points, and the rest from the region, away from those."""
    firsts, chances = [], []
    for part in own_parts[:n_points]:
        sure = part & region
        sure = sure if sure.any() else upper(part, sureness, _PART_KEEP)
        firsts.append(spread(sure, 1, 0.0, 0.0, rng))
        chances.append(1 / np.count_nonzero(sure))
    given = np.concatenate(firsts) if firsts else np.empty((0, 2), dtype=np.int64)
    points = spread(region, n_points, options.spread_px, options.spread_scale, rng, given)
    share = (len(points) - len(given)) / np.count_nonzero(region)
    return points, np.array([*chances, *[share] * (len(points) - len(given))])
