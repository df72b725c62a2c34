"""Optical flow between two stepped frames, and what it carries along."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Motion:
    """Where every pixel of a frame was on the frame stepped before it.

    Attributes:
        backward: (h, w, 2) float32, x first: pixel (x, y) was at (x, y) + backward[y, x].
        forward: (h, w, 2) float32, the flow of the earlier frame towards this one.
    """

    backward: Map
    forward: Map

    @staticmethod
    def between(earlier: NDArray[np.uint8], later: NDArray[np.uint8], *, quick: bool = False) -> Motion:
        """Measure the flow of two (h, w) uint8 grey frames, both ways; ``quick`` is coarse, at an eighth of the time.

        Source: Kroeger et al., "Fast Optical Flow using Dense Inverse Search" (ECCV 2016), as in OpenCV.
        """
        preset = cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST if quick else cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
        flow = cv2.DISOpticalFlow.create(preset)
        nowhere = np.zeros((*later.shape, 2), dtype=np.float32)
        backward, forward = flow.calc(later, earlier, nowhere.copy()), flow.calc(earlier, later, nowhere)
        return Motion(np.asarray(backward, dtype=np.float32), np.asarray(forward, dtype=np.float32))

    def carry(self, values: Map) -> Map:
        """Move an (h, w) float32 map of the earlier frame, not negative, onto this one."""
        carried = np.zeros_like(values)
        reached = self._reached(cv2.boundingRect((values > 0).astype(np.uint8)))
        if carried[reached].size:
            carried[reached] = _sampled(values, np.ascontiguousarray(self._source[reached]))
        return carried

    def _reached(self, box: Sequence[int]) -> tuple[slice, slice]:
        """Rows and columns of the pixels that may have been in a box (left, top, width, height) or next to it."""
        left, top, width, height = box
        if not width:
            return slice(0), slice(0)
        across, down = self._farthest
        return (
            slice(max(0, top - down), top + height + down),
            slice(max(0, left - across), left + width + across),
        )

    @cached_property
    def _farthest(self) -> tuple[int, int]:
        """How far any pixel came across and down, with one pixel for the interpolation."""
        across, down = (math.ceil(cv2.norm(part, cv2.NORM_INF)) + 1 for part in cv2.split(self.backward))
        return across, down

    @cached_property
    def confidence(self) -> Map:
        """(h, w) float32 in [0, 1]: 1 where going there and back ends at the start."""
        error = _squared(_sampled(self.forward, self._source) + self.backward)
        confidence = np.exp(-error / (2 * (1 + np.float32(0.02) * _squared(self.backward))))
        return np.asarray(confidence, dtype=np.float32)

    @cached_property
    def _source(self) -> Map:
        return self.backward + _places(*self.backward.shape[:2])


def _sampled(values: Map, xy: Map) -> Map:
    no_second_map: Any = None  # an empty array in its place is taken for a map by OpenCV 5
    sampled = cv2.remap(values, xy, no_second_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, dtype=np.float32)


def _squared(vectors: Map) -> Map:
    across, down = cv2.split(vectors)
    return np.asarray(across * across + down * down, dtype=np.float32)


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> Map:
    """(height, width, 2) float32: where every pixel is, x first."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.dstack([columns, rows])
