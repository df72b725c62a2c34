"""What the colours of a frame say about a mask: where it is like its surroundings, and of which parts it consists."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.sample_points.spreading import Pixels

Image = NDArray[np.uint8]
Lab = NDArray[np.uint8]
"""(n, 3) uint8 colours of n pixels, Lab as OpenCV scales it."""

_BLUR_PX, _BLUR_REACH_PX = 1.5, 5
_BITS = 4
"""A colour's bin is the upper bits of its three channels."""
_SMOOTH_BINS = 0.7
_PARTS = 5
"""Colours that an object is taken apart into at first; those that look alike are joined again."""
_ALIKE = 35.0
"""Colours nearer than this are one part, in units of Lab; lightness, which shades change, counts less."""
_LIGHTNESS = 0.6
_LEAST_PART = 0.05
"""Share of the object below which a colour is not a part of its own."""
_LOOKED_AT = 1024
_ROUNDS = 6


def blur(image: Image, window: tuple[slice, slice] | None = None) -> Image:
    """A (H, W, 3) uint8 frame, or a window of it, a little blurred: without noise and the seams of compression."""
    rows, columns = window or (slice(0, image.shape[0]), slice(0, image.shape[1]))
    top, left = max(0, rows.start - _BLUR_REACH_PX), max(0, columns.start - _BLUR_REACH_PX)
    near = image[top : rows.stop + _BLUR_REACH_PX, left : columns.stop + _BLUR_REACH_PX]
    found = cv2.GaussianBlur(near, (2 * _BLUR_REACH_PX + 1,) * 2, _BLUR_PX)
    asked = found[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return np.asarray(asked, dtype=np.uint8)


def lab(rgb: NDArray[np.uint8]) -> Lab:
    """The colours of (n, 3) uint8 RGB pixels."""
    if not len(rgb):
        return rgb
    return np.asarray(cv2.cvtColor(rgb[:, None], cv2.COLOR_RGB2LAB)[:, 0], dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class ColourLikelihood:
    """How much more frequent colours are inside an object than around it.

    Attributes:
        share: (bins,) float64 in [0, 1]; 1 is a colour of the object alone.
    """

    share: NDArray[np.float64]

    @classmethod
    def of(cls, inside: Lab, around: Lab) -> ColourLikelihood:
        """Count the colours of pixels of the object and of background near it, either of which may be none."""
        own, other = _histogram(_bins(inside)), _histogram(_bins(around))
        return cls(own / (own + other + 1e-9))

    def at(self, colours: Lab) -> NDArray[np.float64]:
        """(n,) float64 in [0, 1] for n colours."""
        found: NDArray[np.float64] = self.share[_bins(colours)]
        return found


def roughness(image: Image, side_px: int, pixels: Pixels) -> NDArray[np.float64]:
    """How much a picture varies around each pixel: along edges, and on thin things that lie before something else.

    Args:
        image: (H, W, 3) uint8.
        side_px: of the square around each pixel, odd.
        pixels: (n,) those that are asked about, at least one.

    Returns:
        (n,) float64, the variance within the square of each, summed over the channels; computed from whole numbers,
        and so the same bits everywhere.
    """
    square, n_pixels, reach = (side_px, side_px), side_px**2, side_px // 2
    rows, columns = np.divmod(pixels, image.shape[1])
    top, left = max(0, rows.min() - reach), max(0, columns.min() - reach)
    near = image[top : rows.max() + reach + 1, left : columns.max() + reach + 1]
    asked = rows - top, columns - left
    found = np.zeros(len(pixels))
    for channel in range(3):
        # not as bytes: OpenCV sums their squares in 32 bits, too few for large squares
        values = near[..., channel].astype(np.float32)
        sums = np.asarray(cv2.boxFilter(values, cv2.CV_64F, square, normalize=False)[asked], dtype=np.float64)
        squares = np.asarray(cv2.sqrBoxFilter(values, cv2.CV_64F, square, normalize=False)[asked], dtype=np.float64)
        found += n_pixels * squares - sums * sums
    return found / n_pixels**2


def parts(colours: Lab) -> list[NDArray[np.bool_]]:
    """The parts of n pixels that differ in colour, each at least a twentieth of them; (n,) bool each.

    Pixels of one colour, or of shades of one, are one part.
    """
    if not len(colours):
        return []
    centres = _centres(_weighed(colours[:: -(-len(colours) // _LOOKED_AT)]))
    joined = _joined(centres)
    labels = joined[_nearest(_weighed(colours), centres)] if joined.any() else np.zeros(len(colours), dtype=np.int64)
    members = [labels == label for label in np.unique(labels)]
    return [member for member in members if np.count_nonzero(member) >= _LEAST_PART * len(colours)]


def _weighed(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(3, n) float64 from (n, 3) uint8, such that distances say how alike colours are."""
    return np.asarray(np.ascontiguousarray(colours.T) * np.array([[_LIGHTNESS], [1.0], [1.0]]))


def _bins(colours: Lab) -> NDArray[np.uint16]:
    """(n,) bin of each pixel."""
    first, second, third = ((colours[..., channel] >> (8 - _BITS)).astype(np.uint16) for channel in range(3))
    return np.asarray((first << 2 * _BITS) | (second << _BITS) | third)


def _histogram(bins: NDArray[np.uint16]) -> NDArray[np.float64]:
    side = 1 << _BITS
    counts = np.bincount(bins, minlength=side**3).astype(np.float64)
    smooth = _smoothed(counts.reshape(side, side, side))
    return np.asarray(smooth.ravel() / max(len(bins), 1))


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Gaussian along every axis, mirrored at the ends; sums in a fixed order, and so the same bits everywhere."""
    radius = int(4 * _SMOOTH_BINS + 0.5)
    curve = np.exp(-0.5 / _SMOOTH_BINS**2 * np.arange(-radius, radius + 1) ** 2)
    weights = (curve / curve.sum())[radius:]
    for _ in range(counts.ndim):
        side = len(counts)
        wide = np.concatenate([counts[:radius][::-1], counts, counts[side - radius :][::-1]])
        total = weights[0] * counts
        for offset in range(radius, 0, -1):
            beside = wide[radius - offset :][:side] + wide[radius + offset :][:side]
            total = total + weights[offset] * beside
        counts = np.moveaxis(total, 0, -1)  # three times: every axis once, and in their old order
    return counts


def _centres(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, 3) centres by k-means of (3, n) colours, from colours as far apart as can be."""
    n_colours = colours.shape[1]
    whole, _ = _means(colours, np.zeros(n_colours, dtype=np.int64), 1)
    centres = colours[:, [_squared_distances(colours, whole[0]).argmin()]].T
    least = np.full(n_colours, np.inf)
    while len(centres) < _PARTS:
        least = np.minimum(least, _squared_distances(colours, centres[-1]))
        centres = np.concatenate([centres, colours[:, [least.argmax()]].T])
    before = None
    for _ in range(_ROUNDS):
        labels = _nearest(colours, centres)
        if before is not None and np.array_equal(labels, before):
            break
        before = labels
        means, counts = _means(colours, labels, _PARTS)
        centres[counts > 0] = means[counts > 0]
    return centres


def _means(
    colours: NDArray[np.float64], labels: NDArray[np.int64], n_labels: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n_labels, 3) mean of the (3, n) colours of each label, 0 where there are none, and how many there are."""
    counts = np.bincount(labels, minlength=n_labels)
    sums = np.stack([np.bincount(labels, channel, n_labels) for channel in colours], axis=1)
    return sums / np.maximum(counts, 1)[:, None], counts


def _nearest(colours: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) index of the nearest of (k, 3) centres to each of (3, n) colours, of several the first."""
    nearest, least = np.zeros(colours.shape[1], dtype=np.int64), np.full(colours.shape[1], np.inf)
    for index, centre in enumerate(centres):
        distances = _squared_distances(colours, centre)
        nearest[distances < least] = index
        np.minimum(least, distances, out=least)
    return nearest


def _squared_distances(colours: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) of (3, n) colours to (3,) one; channel by channel, ten times as fast as all at once."""
    first, second, third = (channel - value for channel, value in zip(colours, centre, strict=True))
    distances: NDArray[np.float64] = first * first
    distances += second * second
    distances += third * third
    return distances


def _joined(centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """(k,) labels; centres that look alike, directly or over others, have one."""
    alike = ((centres[:, None] - centres) ** 2).sum(axis=2) < _ALIKE**2
    labels = np.arange(len(centres))
    for _ in centres:
        labels = np.array([labels[row].min() for row in alike])
    return labels
