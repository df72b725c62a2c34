"""The parts of a frame that points are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.sample_points.colours import Colours, likeness
from stages.sample_points.distances import inner_distance
from stages.sample_points.options import SamplingOptions

BoolMask = NDArray[np.bool_]
FloatMap = NDArray[np.float32]


_GAP_PX, _AROUND = 2.0, 0.6
"""What is around an object begins at this distance and ends at this share of the square root of its area."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is known of one object on one frame.

    Attributes:
        mask: (H, W) bool, not empty.
        others: (H, W) bool, the other objects of its group.
        colours: of the frame.
        distance_px: (H, W) float32 distance to the mask's edge, positive inside, negative outside; ±1 next to it.
        quality: of the mask, in [0, 1].
    """

    mask: BoolMask
    others: BoolMask
    colours: Colours
    distance_px: FloatMap
    quality: float

    @classmethod
    def of(cls, mask: BoolMask, others: BoolMask, colours: Colours, quality: float) -> View:
        """Measure distances.

        Args:
            mask: (H, W) bool.
            others: (H, W) bool.
            colours: of the frame.
            quality: in [0, 1].
        """
        return cls(mask, others, colours, inner_distance(mask) - inner_distance(~mask), quality)

    def scale_px(self) -> float:
        """Square root of the mask's area."""
        return math.sqrt(np.count_nonzero(self.mask))


def ring(view: View, options: SamplingOptions) -> BoolMask:
    """Background near the object."""
    start, end = _ring_px(view, options)
    return np.asarray((view.distance_px < -start) & (view.distance_px >= -end) & ~view.others)


def elsewhere(view: View, options: SamplingOptions) -> BoolMask:
    """Background beyond the ring."""
    return np.asarray((view.distance_px < -_ring_px(view, options)[1]) & ~view.others)


def other_object(view: View, options: SamplingOptions) -> BoolMask:
    """The inside of the other objects: hard negatives."""
    outside = view.others & (view.distance_px < -options.ring_inner_px)
    if not outside.any():
        return outside
    deep = outside & (inner_distance(outside) > options.erosion_max_px)
    return deep if deep.any() else outside


def uncertain(view: View, options: SamplingOptions) -> BoolMask:
    """Pixels of the object and of the ring whose colours are about as frequent in the mask as around it."""
    region = (view.distance_px >= -_ring_px(view, options)[1]) & ~view.others
    low, high = options.uncertain_band
    found = likeness(view.colours, view.mask, around(view), region)
    unsure = np.zeros_like(region)
    unsure[region] = (found >= low) & (found <= high)
    return unsure


def around(view: View) -> BoolMask:
    """(H, W) bool, what lies around the object, whose colours are those that a mask takes in by mistake."""
    return np.asarray((view.distance_px < -_GAP_PX) & (view.distance_px >= -_AROUND * view.scale_px()))


def _ring_px(view: View, options: SamplingOptions) -> tuple[float, float]:
    start = options.ring_inner_px + options.ring_slack * (1 - view.quality) * view.scale_px()
    return start, start + max(options.ring_least_px, options.ring_scale * view.scale_px())


def upper(region: BoolMask, score: FloatMap, keep: float) -> BoolMask:
    """The share ``keep`` of a region with the highest scores; ties at the threshold stay."""
    values = score[region]
    if values.size == 0 or keep >= 1:
        return region
    rank = min(int((1 - keep) * values.size), values.size - 1)
    return np.asarray(region & (score >= np.partition(values, rank)[rank]))
