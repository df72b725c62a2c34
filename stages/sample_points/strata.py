"""The parts of a frame that points are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stages.sample_points.colours import ColourLikelihood, Image, Lab, blur, lab
from stages.sample_points.distances import deeper_than, inner_distance
from stages.sample_points.options import SamplingOptions
from stages.sample_points.spreading import Pixels

BoolMask = NDArray[np.bool_]
FloatMap = NDArray[np.float32]
Window = tuple[slice, slice]
"""Rows and columns of a frame."""


_GAP_PX, _AROUND = 2.0, 0.6
"""What is around an object begins at this distance and ends at this share of the square root of its area."""
_COUNTED = 8192
"""At most so many pixels of an object, and as many around it, have their colours counted."""


@dataclass(frozen=True, eq=False)
class View:
    """What is known of one object on one frame: what is near it in a window, and where the others are.

    Attributes:
        window: rows and columns of the frame.
        mask: (h, w) bool, not empty; like all that follows of the window.
        others: (h, w) bool, the other objects of its group.
        image: (h, w, 3) uint8 RGB.
        blurred: (h, w, 3) uint8 RGB, the same without noise.
        distance_px: (h, w) float32 distance to the mask's edge, positive inside, negative outside; ±1 next to it.
        quality: of the mask, in [0, 1].
        all_others: (H, W) bool, the other objects on the whole frame.
    """

    window: Window
    mask: BoolMask
    others: BoolMask
    image: Image
    blurred: Image
    distance_px: FloatMap
    quality: float
    all_others: BoolMask

    @classmethod
    def of(
        cls,
        mask: BoolMask,
        others: BoolMask,
        image: Image,
        blurred: Image | None,
        quality: float,
        options: SamplingOptions | None = None,
    ) -> View:
        """Measure distances.

        Args:
            mask: (H, W) bool.
            others: (H, W) bool.
            image: (H, W, 3) uint8 RGB.
            blurred: the image blurred, for several objects of a frame; None: the window alone is blurred.
            quality: in [0, 1].
            options: the window holds the ring that they ask for; None: it is the whole frame.
        """
        window = _whole(mask) if options is None or not mask.any() else _around_it(mask, quality, options)
        near = mask[window]
        distance_px = inner_distance(near) - inner_distance(~near)
        near_blurred = blur(image, window) if blurred is None else blurred[window]
        return cls(window, near, others[window], image[window], near_blurred, distance_px, quality, others)

    @cached_property
    def likelihood(self) -> ColourLikelihood:
        """Of the object's colours to those around it."""
        inside, outside = np.flatnonzero(self.mask), np.flatnonzero(around(self))
        return ColourLikelihood.of(self.colours(_counted(inside)), self.colours(_counted(outside)))

    def colours(self, pixels: Pixels) -> Lab:
        """Of n pixels of the window, without noise."""
        return lab(self.blurred.reshape(-1, 3)[pixels])

    def scale_px(self) -> float:
        """Square root of the mask's area."""
        return math.sqrt(np.count_nonzero(self.mask))

    def distances_at(self, xy_px: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n,) float32 distances, as ``distance_px``, of (n, 2) pixels of the frame, x first; in the window or not."""
        x, y = xy_px.T - [[self.window[1].start], [self.window[0].start]]
        height, width = self.mask.shape
        is_near = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        found = np.empty(len(xy_px), dtype=np.float32)
        found[is_near] = self.distance_px[y[is_near], x[is_near]]
        if not is_near.all():
            rows, columns = np.nonzero(self.mask & (self.distance_px <= 1))
            for number in np.flatnonzero(~is_near):
                found[number] = -math.sqrt(((rows - y[number]) ** 2 + (columns - x[number]) ** 2).min())
        return found


def _counted(pixels: Pixels) -> Pixels:
    return pixels[:: -(-len(pixels) // _COUNTED) or 1]


def _whole(mask: BoolMask) -> Window:
    return slice(0, mask.shape[0]), slice(0, mask.shape[1])


def _around_it(mask: BoolMask, quality: float, options: SamplingOptions) -> Window:
    """The box of a mask, not empty, with all that is near it."""
    scale_px = math.sqrt(np.count_nonzero(mask))
    reach = math.ceil(max(_ring_px(scale_px, quality, options)[1], _AROUND * scale_px)) + 2
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return (
        slice(max(0, int(rows[0]) - reach), min(height, int(rows[-1]) + 1 + reach)),
        slice(max(0, int(columns[0]) - reach), min(width, int(columns[-1]) + 1 + reach)),
    )


def ring(view: View, options: SamplingOptions) -> BoolMask:
    """(h, w) bool, background near the object."""
    start, end = _ring_px(view.scale_px(), view.quality, options)
    return np.asarray((view.distance_px < -start) & (view.distance_px >= -end) & ~view.others)


def elsewhere(view: View, options: SamplingOptions) -> BoolMask:
    """(H, W) bool, background of the whole frame beyond the ring."""
    far = ~view.all_others
    far[view.window] &= view.distance_px < -_ring_px(view.scale_px(), view.quality, options)[1]
    return far


def other_object(view: View, options: SamplingOptions) -> BoolMask:
    """(H, W) bool, the inside of the other objects on the whole frame: hard negatives."""
    outside = view.all_others.copy()
    outside[view.window] &= view.distance_px < -options.ring_inner_px
    if not outside.any():
        return outside
    deep = deeper_than(outside, options.erosion_max_px)
    return deep if deep.any() else outside


def uncertain(view: View, options: SamplingOptions) -> BoolMask:
    """(h, w) bool, pixels of object and ring whose colours are about as frequent in the mask as around it."""
    region = (view.distance_px >= -_ring_px(view.scale_px(), view.quality, options)[1]) & ~view.others
    low, high = options.uncertain_band
    found = view.likelihood.at(view.colours(np.flatnonzero(region)))
    unsure = np.zeros_like(region)
    unsure[region] = (found >= low) & (found <= high)
    return unsure


def around(view: View) -> BoolMask:
    """(h, w) bool, what lies around the object, whose colours are those that a mask takes in by mistake."""
    return np.asarray((view.distance_px < -_GAP_PX) & (view.distance_px >= -_AROUND * view.scale_px()))


def _ring_px(scale_px: float, quality: float, options: SamplingOptions) -> tuple[float, float]:
    start = options.ring_inner_px + options.ring_slack * (1 - quality) * scale_px
    return start, start + max(options.ring_least_px, options.ring_scale * scale_px)
