"""Colour guided filter: draw a soft mask onto the edges of its image.

Source: He, Sun and Tang, "Guided Image Filtering" (TPAMI 2013), equations 19-21, and "Fast Guided Filter"
(arXiv:1505.00996) for the subsampling.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.resize import resize

Map = NDArray[np.float32]
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


class GuidedFilter:
    """The filter of one image; what depends on the image alone is computed once, for any number of masks."""

    def __init__(self, image: NDArray[np.uint8], radius: int, epsilon: float, subsample: int = 2) -> None:
        """Prepare the filter.

        Args:
            image: (H, W, 3) uint8.
            radius: half the window, in pixels of the image.
            epsilon: regulariser, in squared intensities of [0, 1].
            subsample: the linear models are fitted at 1/subsample of the size.
        """
        self._height, self._width = image.shape[:2]
        self._subsample = subsample
        self._small = (max(1, self._height // subsample), max(1, self._width // subsample))
        self._window = 2 * (radius // subsample) + 1
        self._image = image
        small = resize(_intensities(image), self._small, cv2.INTER_AREA)
        self._guide_small = np.stack([small[..., i] for i in range(3)])
        self._mean = self._box(self._guide_small)
        self._inverse = self._inverse_covariance(np.float32(epsilon))

    def __call__(self, values: Map) -> Map:
        """Filter a (H, W) float32 map; the result may leave the input's range a little."""
        return self.enlarge(resize(values, self._small, cv2.INTER_AREA), (0, 0))

    def enlarge(self, small: Map, corner: tuple[int, int]) -> Map:
        """Filter a window that is at 1/subsample of the size already, and draw it at full size.

        Args:
            small: (h, w) float32 on the subsampled image.
            corner: its first (row, column) there.

        Returns:
            (h · subsample, w · subsample) float32; less where the window ends with an image that does not divide.
        """
        (top, left), (height, width) = corner, small.shape
        inner = np.s_[:, top : top + height, left : left + width]
        guide, mean_guide = self._guide_small[inner], self._mean[inner]
        (mean,) = self._box(small[None])
        covariance = self._box(guide * small) - mean_guide * mean
        slope = _symmetric_product(self._inverse[inner], covariance)
        offset = mean - (slope * mean_guide).sum(axis=0)
        outer = _intensities(self._image[self._outer(top, height, self._height), self._outer(left, width, self._width)])
        planes = np.dstack([*self._box(slope), *self._box(offset[None])])
        model = resize(planes, outer.shape, cv2.INTER_LINEAR)
        red, green, blue = (model[..., i] * outer[..., i] for i in range(3))
        filtered: Map = red + green + blue + model[..., 3]
        return filtered

    def _outer(self, start: int, length: int, full: int) -> slice:
        ends = (start + length) * self._subsample
        return slice(start * self._subsample, full if ends + self._subsample > full else ends)

    def _box(self, planes: Map) -> Map:
        """(n, h, w): the mean of every window, plane by plane."""
        window = (self._window, self._window)
        return np.stack([cv2.blur(plane, window) for plane in planes]).astype(np.float32, copy=False)

    def _inverse_covariance(self, epsilon: np.float32) -> Map:
        """(6, h, w): the upper triangle of (Σ + ε I)⁻¹ by cofactors, in the order of ``_PAIRS``."""
        guide, mean = self._guide_small, self._mean
        covariance = self._box(np.stack([guide[i] * guide[j] for i, j in _PAIRS]))
        covariance -= np.stack([mean[i] * mean[j] for i, j in _PAIRS])
        covariance[[0, 3, 5]] += epsilon
        s00, s01, s02, s11, s12, s22 = covariance
        cofactors = np.stack(
            [
                s11 * s22 - s12 * s12,
                s02 * s12 - s01 * s22,
                s01 * s12 - s02 * s11,
                s00 * s22 - s02 * s02,
                s01 * s02 - s00 * s12,
                s00 * s11 - s01 * s01,
            ]
        )
        inverse: Map = cofactors / (s00 * cofactors[0] + s01 * cofactors[1] + s02 * cofactors[2])
        return inverse


def _intensities(image: NDArray[np.uint8]) -> Map:
    """uint8 to float32 in [0, 1]; the filter keeps the bytes, a quarter of the memory."""
    values: Map = image.astype(np.float32) / np.float32(255.0)
    return values


def _symmetric_product(upper: Map, vector: Map) -> Map:
    """(3, h, w): the symmetric matrices, given as ``_PAIRS``, times the vectors."""
    (a00, a01, a02, a11, a12, a22), (x, y, z) = upper, vector
    return np.stack([a00 * x + a01 * y + a02 * z, a01 * x + a11 * y + a12 * z, a02 * x + a12 * y + a22 * z])
