"""Robots that click where a mask is wrong.

Sources: the strategies f1, f2 and f3 are those of Vujasinović et al., "CiVOS: Revisiting Click-based Interactive Video
Object Segmentation" (ICIP 2022). Clicks as people make them: Antonov et al., "RClicks: Realistic Click Simulation for
Benchmarking Interactive Segmentation" (NeurIPS 2024) collected 475,000 clicks; of the distributions that need no
trained network, the one in proportion to the distance from the region's edge fits them best (on DAVIS, normalized
scanpath saliency 6.68 against 4.31 of a uniform one and 4.50 of a saliency map; Wasserstein distance 0.14 against 0.17
and 0.16). So ``realistic`` clicks are drawn from it, and no number in it is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Clicks
from stages.simulate.error_regions import ErrorRegion, error_regions
from stages.simulate.scribbles import Stroke, scribble

Mask = NDArray[np.bool_]
Pixel = tuple[int, int]
MOST_REGIONS = 3
"""Regions that are corrected in a round, by object."""


def clicks_f1(regions: Sequence[ErrorRegion], rng: np.random.Generator) -> list[tuple[Pixel, int]]:
    """One click for all scribbles on the object and one for all off it: the scribble pixel nearest their mean."""
    strokes = [scribble(one) for one in regions]
    by_label = [[one.xy_px for one in strokes if one.label == label] for label in (1, 0)]
    return [(_nearest_mean(np.concatenate(own)), label) for own, label in zip(by_label, (1, 0), strict=True) if own]


def clicks_f2(regions: Sequence[ErrorRegion], rng: np.random.Generator) -> list[tuple[Pixel, int]]:
    """One click a scribble: its pixel nearest its mean."""
    strokes: list[Stroke] = [scribble(one) for one in regions]
    return [(_nearest_mean(one.xy_px), one.label) for one in strokes]


def clicks_f3(regions: Sequence[ErrorRegion], rng: np.random.Generator) -> list[tuple[Pixel, int]]:
    """One click a region: the pixel farthest from its edge."""
    return [(one.deepest(), one.label) for one in regions]


def clicks_realistic(regions: Sequence[ErrorRegion], rng: np.random.Generator) -> list[tuple[Pixel, int]]:
    """One click a region, off its centre as people's are: drawn in proportion to the distance from its edge."""
    return [(_drawn(one, rng), one.label) for one in regions]


Strategy = Callable[[Sequence[ErrorRegion], np.random.Generator], list[tuple[Pixel, int]]]
STRATEGIES: dict[str, Strategy] = {
    "f1": clicks_f1,
    "f2": clicks_f2,
    "f3": clicks_f3,
    "realistic": clicks_realistic,
}


def correcting_clicks(
    strategy: str,
    truth: Mask,
    mask: Mask,
    void: Mask | None = None,
    most: int = MOST_REGIONS,
    seed: Sequence[int] = (0,),
) -> Clicks | None:
    """The clicks of a person who looks at a mask; None when nothing is worth one.

    Args:
        strategy: one of STRATEGIES.
        truth: (H, W) bool, the object.
        mask: (H, W) bool, as it is shown; empty before the first click.
        void: (H, W) bool, pixels that the ground truth leaves open, or None.
        most: regions that are looked at, the largest first.
        seed: of ``realistic``; numbers of the video, object and round make every click its own.

    Raises:
        ValueError: an unknown strategy.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"unknown click strategy {strategy!r}; known: {', '.join(STRATEGIES)}")
    found = STRATEGIES[strategy](error_regions(truth, mask, void)[:most], np.random.default_rng(list(seed)))
    if not found:
        return None
    points, labels = zip(*found, strict=True)
    return Clicks(tuple((float(x), float(y)) for x, y in points), tuple(labels))


def _nearest_mean(xy_px: NDArray[np.int64]) -> Pixel:
    away = ((xy_px - xy_px.mean(axis=0)) ** 2).sum(axis=1)
    x, y = xy_px[int(away.argmin())]
    return int(x), int(y)


def _drawn(region: ErrorRegion, rng: np.random.Generator) -> Pixel:
    depth = region.depth().astype(np.float64).ravel()
    place = int(rng.choice(len(depth), p=depth / depth.sum()))
    y, x = np.unravel_index(place, region.pixels.shape)
    return region.left + int(x), region.top + int(y)
