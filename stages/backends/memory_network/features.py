"""What the memory network sees of a frame: feature maps of the frozen backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.backends.embedded.features.backbone import CHANNELS, Backbone
from stages.backends.embedded.features.grids import Grid

LEVELS = ("b2", "b4", "b10", "b15")
FINE, MIDDLE, COARSE = 4, 8, 16
"""Strides: of masks, of the decoder's middle, of the memory."""
N_COARSE = CHANNELS["b4"] + CHANNELS["b10"] + CHANNELS["b15"]
Maps = Mapping[str, Tensor]
"""By level, (B, channels, rows, columns) float."""


def feature_maps(backbone: Backbone, image: NDArray[np.uint8], grid: Grid) -> dict[str, Tensor]:
    """The feature maps of one (H, W, 3) uint8 RGB image at a working size: (1, channels, rows, columns) float16.

    In half precision at once, so that maps that were packed are the same.
    """
    found = backbone.features(image, grid, LEVELS)
    return {level: found[level].permute(2, 0, 1)[None].half() for level in LEVELS}


def batch_of(frames: Sequence[Maps]) -> dict[str, Tensor]:
    """Feature maps of several frames of one size as one batch, float32."""
    return {level: torch.cat([maps[level] for maps in frames]).float() for level in LEVELS}


def coarse_cells(maps: Maps) -> Tensor:
    """(B, 472, rows, columns) at stride 16: three levels side by side, each of a length of its own in every cell."""
    shape = maps["b10"].shape[-2:]
    middle = functional.avg_pool2d(maps["b4"], 2)
    wide = functional.interpolate(maps["b15"], scale_factor=2.0, mode="bilinear", align_corners=False)
    parts = ((middle, 0.5**0.5), (maps["b10"], 1.0), (wide[..., : shape[0], : shape[1]], 1.0))
    return torch.cat([functional.normalize(part, dim=1) * length for part, length in parts], dim=1)


def pack(maps: Maps) -> dict[str, NDArray[Any]]:
    """As arrays; see :class:`~stages.backends.propagator.Propagator`."""
    return {level: values.half().cpu().numpy() for level, values in maps.items()}


def unpack(arrays: Mapping[str, NDArray[Any]], device: torch.device) -> dict[str, Tensor]:
    """Inverse of :func:`pack`."""
    return {level: torch.from_numpy(np.ascontiguousarray(arrays[level])).to(device) for level in LEVELS}
