"""What moves against the ground, between two frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.resize import shrink

Grey = NDArray[np.uint8]
_PIXELS = 320 * 180
_FINEST_SCALE, _REFINEMENTS = 1, 3
"""Flow down to half the size, refined a little: a coarser one tells less of masks, a finer one no more."""
_NOISE_PX = 0.1
"""What optical flow misses by on still ground, at this size."""
_SURE = 3.0
_ROUNDS = 5
_EVERY = 6


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How far each pixel leaves the motion of the frame as a whole.

    Attributes:
        moving: (h, w) uint8 at a small size, 255 for what surely moves by itself.
    """

    moving: NDArray[np.uint8]

    @staticmethod
    def between(other: Grey, grey: Grey) -> Motion:
        """Measure what moves between two frames of one size, on the grid of ``grey``; see :class:`SmallFrame`.

        The ground's motion is an affine field, fitted with Cauchy weights so that objects do not pull it.
        """
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        flow.setFinestScale(_FINEST_SCALE)
        flow.setVariationalRefinementIterations(_REFINEMENTS)
        found = flow.calc(grey, other, np.zeros((*grey.shape, 2), dtype=np.float32))
        excess, noise_px = _against_ground(np.asarray(found, dtype=np.float32))
        return Motion(np.asarray(cv2.convertScaleAbs(excess, alpha=255 / (_SURE * noise_px)), dtype=np.uint8))

    @staticmethod
    def among(others: Sequence[Grey], grey: Grey) -> Motion:
        """The mean of what moves between each of ``others``, at least one, and ``grey``."""
        each = [Motion.between(other, grey).moving.astype(np.float32) for other in others]
        return Motion(np.rint(np.mean(each, axis=0)).astype(np.uint8))


STILL = Motion(np.zeros((1, 1), dtype=np.uint8))
"""For a frame that none precedes: nothing is known to move."""


@dataclass(frozen=True, eq=False)
class SmallFrame:
    """A frame at the size at which motion is measured, which is made when it is first looked at.

    Attributes:
        image: (H, W, 3) uint8 RGB.
    """

    image: NDArray[np.uint8]

    @cached_property
    def grey(self) -> Grey:
        """(h, w) uint8, of as many pixels whatever the frame has, or fewer."""
        height, width = self.image.shape[:2]
        scale = min(1.0, (_PIXELS / (height * width)) ** 0.5)
        grey = np.asarray(cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        return shrink(grey, (max(16, round(height * scale)), max(16, round(width * scale))))


def _against_ground(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Length of (h, w, 2) ``vectors`` less the ground's, in pixels, and the noise of those on the ground."""
    places = _places(*vectors.shape[:2])
    few, seen = (
        values[::_EVERY, ::_EVERY].reshape(-1, values.shape[2]).astype(np.float64) for values in (places, vectors)
    )
    weights, noise_px = np.ones((len(few), 1)), _NOISE_PX
    for _ in range(_ROUNDS):
        weighted = few * weights
        ground = np.linalg.solve(weighted.T @ few + 1e-6 * np.eye(3), weighted.T @ seen)
        rest = np.linalg.norm(seen - few @ ground, axis=1, keepdims=True)
        noise_px = 1.5 * float(np.median(rest)) + _NOISE_PX
        weights = 1 / (1 + (rest / noise_px) ** 2)
    excess = vectors - places @ ground.astype(np.float32)
    return np.asarray(cv2.magnitude(*cv2.split(excess)), dtype=np.float32), noise_px


@lru_cache(maxsize=2)
def _places(height: int, width: int) -> NDArray[np.float32]:
    """(height, width, 3): 1 and where a pixel is, across and down, in widths."""
    rows, columns = np.mgrid[:height, :width] / float(width)
    return np.dstack([np.ones_like(rows), columns - 0.5, rows - 0.5]).astype(np.float32)
