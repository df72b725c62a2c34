"""Feature maps of the frozen backbone for the frames of clips, kept while there is room."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stages.backends.embedded.features.backbone import Backbone, load_backbone
from stages.backends.embedded.features.grids import Grid
from stages.backends.memory_network.features import batch_of, feature_maps

ROOM = 1 << 30
"""Bytes of feature maps that are kept."""


class FrozenFeatures:
    """Features by the content of frames, so that a frame seen again costs nothing, whoever asks.

    Args:
        backbone: frozen.
        room: bytes that are kept, the latest used.
    """

    def __init__(self, backbone: Backbone, room: int = ROOM) -> None:
        self.device = backbone.device
        self._backbone = backbone
        self._room = room
        self._kept: OrderedDict[bytes, dict[str, Tensor]] = OrderedDict()
        self._held = 0

    def of(self, images: Tensor) -> dict[str, Tensor]:
        """Maps of (B, 3, H, W) uint8 images, by level (B, channels, rows, columns) float32 on the device."""
        pixels = images.permute(0, 2, 3, 1).contiguous().numpy()
        return batch_of([self._maps(image) for image in pixels])

    def _maps(self, image: NDArray[np.uint8]) -> dict[str, Tensor]:
        key = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        maps = self._kept.pop(key, None)
        if maps is None:
            maps = feature_maps(self._backbone, image, Grid(*image.shape[:2]))
            self._held += _bytes(maps)
        self._kept[key] = maps
        while self._held > self._room and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._held -= _bytes(oldest)
        return maps


def frozen_features(device: str) -> FrozenFeatures:
    """Features of the embedded backbone on a device: ``auto``, ``cpu`` or ``cuda[:n]``."""
    return FrozenFeatures(load_backbone(device))


def _bytes(maps: Mapping[str, Tensor]) -> int:
    return sum(values.numel() * values.element_size() for values in maps.values())
