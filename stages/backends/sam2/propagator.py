"""SAM 2.1, EdgeTAM and the tracker of SAM 3 as propagators: one network, one memory an object, frames one by one.

On a GPU the objects of a frame go through the network in batches. On a CPU, where that gains nothing and takes memory,
they go one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.backends.confidence import estimates
from stages.backends.devices import pick_device
from stages.backends.propagator import Estimate
from stages.backends.sam2.frames import autocast, normalized, output_size, side_of, squared, squared_mask
from stages.backends.sam2.memory import ObjectMemory
from stages.backends.sam2.networks import FAMILIES, load_network
from stages.backends.sam2.tracking import track_together

AT_ONCE = 16
"""Objects that a GPU computes in one batch, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class SquareFrame:
    """One frame.

    Attributes:
        square: (side, side, 3) uint8 RGB.
        features: the levels of the image encoder, each (cells, 1, channels), and the coarsest level's positions.
    """

    square: NDArray[np.uint8]
    features: tuple[list[Tensor], list[Tensor]]


class Sam2Propagator:
    """A network for videos, loaded and frozen."""

    def __init__(self, name: str, network: Any, at_once: int | None = None) -> None:
        """Wrap a network that lies on its device.

        Args:
            name: registry key.
            network: of the ``video`` class of ``FAMILIES[name]``.
            at_once: objects in one batch, at most; by default :data:`AT_ONCE` on a GPU, and one on a CPU.
        """
        self.name = name
        self._network = network
        self._family = FAMILIES[name]
        self._at_once = at_once or (AT_ONCE if network.device.type == "cuda" else 1)

    def open(self, height: int, width: int) -> Sam2Session:
        """A new session for frames of this size."""
        return Sam2Session(self.name, self._network, height, width, self._at_once)

    def encode(self, image: NDArray[np.uint8]) -> SquareFrame:
        """Image features of a (H, W, 3) uint8 RGB frame, for all objects and both directions."""
        return self._encode(squared(image, side_of(self._network)))

    def pack(self, encoding: SquareFrame) -> dict[str, NDArray[Any]]:
        """The square; its features are large."""
        return {"square": encoding.square}

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> SquareFrame:
        """Inverse of :meth:`pack`."""
        return self._encode(arrays["square"])

    @torch.inference_mode()
    def _encode(self, square: NDArray[np.uint8]) -> SquareFrame:
        with autocast(self._network.device):
            seen = self._network.get_image_features(normalized(square, self._family, self._network.device))
        return SquareFrame(square, (list(seen.fpn_hidden_states), [seen.fpn_position_encoding[-1]]))


class Sam2Session:
    """One direction through one video. Frames are numbered as they come, so both directions run forward in memory."""

    def __init__(self, name: str, network: Any, height: int, width: int, at_once: int) -> None:
        self._name = name
        self._network = network
        self._size = (height, width)
        self._at_once = at_once
        self._number = 0
        self.memories: dict[str, ObjectMemory] = {}

    @torch.inference_mode()
    def start(self, encoding: SquareFrame, masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Add or correct objects; see :class:`~stages.backends.propagator.PropagationSession`.

        Raises:
            ValueError: a new object's mask is empty.
        """
        if empty := [i for i, mask in masks.items() if i not in self.memories and not mask.any()]:
            raise ValueError(f"object {empty[0]!r} starts with an empty mask")
        device = self._network.device
        with autocast(device):
            for object_id, mask in masks.items():
                if object_id not in self.memories:
                    self.memories[object_id] = ObjectMemory(self._network, FAMILIES[self._name], *self._size)
                square = squared_mask(mask, side_of(self._network)).to(device)
                self.memories[object_id].give(self._number, encoding.features, square)

    @torch.inference_mode()
    def step(self, encoding: SquareFrame) -> dict[str, Estimate]:
        """Find every live object on the next frame.

        Raises:
            RuntimeError: no object was started.
            FloatingPointError: the network answered with NaN.
        """
        if not self.memories:
            raise RuntimeError("step() before start()")
        self._number += 1
        memories = list(self.memories.values())
        with autocast(self._network.device):
            logits, presence = track_together(
                self._network, FAMILIES[self._name], memories, self._number, encoding.features, self._at_once
            )
        masks = functional.interpolate(logits.float(), output_size(*self._size), mode="bilinear", align_corners=False)
        return estimates(self._name, self.memories, masks[:, 0].sigmoid(), presence.float().sigmoid())


def load_propagator(name: str, device: str, source: Path | None = None) -> Sam2Propagator:
    """Load a propagator of the family.

    Args:
        name: registry key.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        source: weights; those in the cache when it is None.

    Raises:
        CheckpointError: packages or weights are missing, or the weights are damaged.
        WeightsError: the file does not fit the architecture.
    """
    place = pick_device(device)
    return Sam2Propagator(name, load_network(name, "video", source).to(place))
