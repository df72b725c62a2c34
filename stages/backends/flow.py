"""The small baseline: the mask moves with the optical flow, and nothing is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.features.grids import Grid, resize_image, to_cells, working_grid
from stages.backends.optical_flow import Motion
from stages.backends.propagator import Estimate

_PIXELS = 432 * 240
Map = NDArray[np.float32]


class FlowPropagator:
    """Every frame is its grey image at a quarter of the usual number of pixels."""

    name = "flow"

    def open(self, height: int, width: int) -> FlowSession:
        """A new session."""
        return FlowSession()

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB → (h, w) uint8."""
        small = resize_image(image, working_grid(image.shape[0], image.shape[1], _PIXELS))
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)

    def pack(self, encoding: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """The grey image."""
        return {"grey": encoding}

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
        """Inverse of :meth:`pack`."""
        return np.asarray(arrays["grey"], dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Carried:
    probability: Map
    quality: float


class FlowSession:
    """Soft masks on their way; their quality is the flow's mean confidence on them, multiplied over the frames."""

    def __init__(self) -> None:
        self._grey: NDArray[np.uint8] | None = None
        self._carried: dict[str, _Carried] = {}

    def start(self, encoding: NDArray[np.uint8], masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Add or replace objects.

        Raises:
            ValueError: a new object's mask is empty.
        """
        self._grey = encoding
        for object_id, mask in masks.items():
            if object_id not in self._carried and not mask.any():
                raise ValueError(f"object {object_id!r} starts with an empty mask")
            self._carried[object_id] = _Carried(to_cells(mask, Grid(*encoding.shape), 1), 1.0)

    def step(self, encoding: NDArray[np.uint8]) -> dict[str, Estimate]:
        """Move every object to the next frame.

        Raises:
            RuntimeError: no object was started.
        """
        if self._grey is None:
            raise RuntimeError("step() before start()")
        motion = Motion.between(self._grey, encoding)
        self._grey = encoding
        self._carried = {object_id: _moved(carried, motion) for object_id, carried in self._carried.items()}
        return {i: Estimate(carried.probability, carried.quality) for i, carried in self._carried.items()}


def _moved(carried: _Carried, motion: Motion) -> _Carried:
    probability = motion.carry(carried.probability)
    mask = probability > 0.5
    if not mask.any():
        return _Carried(np.zeros_like(probability), 0.0)
    return _Carried(probability, carried.quality * float(motion.confidence[mask].mean()))
