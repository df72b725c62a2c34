"""The parts of a frame that points are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.resize import resize
from stages.sample_points.distances import inner_distance
from stages.sample_points.options import SamplingOptions

BoolMask = NDArray[np.bool_]
FloatMap = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is known of one object on one frame.

    Attributes:
        mask: (H, W) bool, not empty.
        others: (H, W) bool, the other objects of its group.
        trust: (H, W) float32 in [0, 1], 1 surely the object, or None.
        distance_px: (H, W) float32 distance to the mask's edge, positive inside, negative outside; ±1 next to it.
        quality: of the mask, in [0, 1].
    """

    mask: BoolMask
    others: BoolMask
    trust: FloatMap | None
    distance_px: FloatMap
    quality: float

    @classmethod
    def of(cls, mask: BoolMask, others: BoolMask, trust: NDArray[np.uint8] | FloatMap | None, quality: float) -> View:
        """Measure distances and bring the trust to the mask's size.

        Args:
            mask: (H, W) bool.
            others: (H, W) bool.
            trust: (h, w), uint8 0..255 or float32 0..1, at any size.
            quality: in [0, 1].
        """
        inside, outside = inner_distance(mask), inner_distance(~mask)
        return cls(mask, others, None if trust is None else _at_size(trust, mask.shape), inside - outside, quality)

    def scale_px(self) -> float:
        """Square root of the mask's area."""
        return math.sqrt(np.count_nonzero(self.mask))


def interior(view: View, options: SamplingOptions, n_points: int) -> BoolMask:
    """The surest and deepest pixels of the mask, away from its edge, with room for ``n_points`` where there is."""
    erosion = float(np.clip(options.erosion_scale * view.scale_px(), options.erosion_min_px, options.erosion_max_px))
    eroded = view.distance_px > erosion
    region = eroded if eroded.any() else view.mask
    sure = view.distance_px if view.trust is None else view.trust * np.sqrt(np.maximum(view.distance_px, 0))
    room = n_points * options.pixels_per_point / np.count_nonzero(region)
    return _upper(region, sure, max(options.foreground_keep, min(room, 1.0)))


def ring(view: View, options: SamplingOptions) -> BoolMask:
    """Background near the object, the surest of it."""
    start, end = _ring_px(view, options)
    near = (view.distance_px < -start) & (view.distance_px >= -end) & ~view.others
    return _surely_background(near, view, options.ring_keep)


def elsewhere(view: View, options: SamplingOptions) -> BoolMask:
    """Background beyond the ring, the surest of it."""
    far = (view.distance_px < -_ring_px(view, options)[1]) & ~view.others
    return _surely_background(far, view, options.elsewhere_keep)


def other_object(view: View, options: SamplingOptions) -> BoolMask:
    """The inside of the other objects: hard negatives."""
    outside = view.others & (view.distance_px < -options.ring_inner_px)
    if not outside.any():
        return outside
    deep = outside & (inner_distance(outside) > options.erosion_max_px)
    return deep if deep.any() else outside


def uncertain(view: View, options: SamplingOptions) -> BoolMask:
    """Where the model does not know."""
    if view.trust is None:
        return np.zeros_like(view.mask)
    low, high = options.uncertain_band
    return np.asarray((view.trust >= low) & (view.trust <= high))


def _ring_px(view: View, options: SamplingOptions) -> tuple[float, float]:
    start = options.ring_inner_px + options.ring_slack * (1 - view.quality) * view.scale_px()
    return start, start + max(options.ring_least_px, options.ring_scale * view.scale_px())


def _surely_background(region: BoolMask, view: View, keep: float) -> BoolMask:
    return region if view.trust is None else _upper(region, 1 - view.trust, keep)


def _upper(region: BoolMask, score: FloatMap, keep: float) -> BoolMask:
    """The share ``keep`` of a region with the highest scores; ties at the threshold stay."""
    values = score[region]
    if values.size == 0 or keep >= 1:
        return region
    rank = min(int((1 - keep) * values.size), values.size - 1)
    return np.asarray(region & (score >= np.partition(values, rank)[rank]))


def _at_size(trust: NDArray[np.uint8] | FloatMap, shape: tuple[int, ...]) -> FloatMap:
    unit = trust.astype(np.float32)
    return resize(unit / np.float32(255) if trust.dtype == np.uint8 else unit, shape, cv2.INTER_LINEAR)
