"""Frames as the SAM 2 family sees them: squares of one side, whatever their shape was."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.backends.sam2.networks import Family

OUTPUT_SHORT_SIDE_PX = 480
"""Probabilities are given with a shorter side of this at most; the networks draw masks of 256 or 288 pixels."""
_HALF = 0.5


def side_of(network: Any) -> int:
    """Pixels of the square that a network takes."""
    return int(network.prompt_encoder.input_image_size)


def squared(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB → (side, side, 3) uint8, bilinear with antialiasing, as the models were trained."""
    planes = torch.tensor(image).permute(2, 0, 1)[None]
    resized = functional.interpolate(planes, (side, side), mode="bilinear", align_corners=False, antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def normalized(square: NDArray[np.uint8], family: Family, device: torch.device) -> Tensor:
    """(1, 3, side, side) float32 on the device."""
    planes = torch.tensor(square, device=device).permute(2, 0, 1)[None].float() / 255
    mean, std = (torch.tensor(values, device=device).reshape(1, 3, 1, 1) for values in (family.mean, family.std))
    return (planes - mean) / std


def squared_mask(mask: NDArray[np.bool_], side: int) -> Tensor:
    """(H, W) bool → (1, 1, side, side) float32 of zeros and ones; an object that is there keeps a pixel at least."""
    plane = torch.tensor(mask, dtype=torch.float32)[None, None]
    share = functional.interpolate(plane, (side, side), mode="bilinear", align_corners=False, antialias=True)
    drawn = share >= _HALF
    if mask.any() and not drawn.any():
        drawn = share >= share.max()
    return drawn.float()


def output_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the probabilities for frames of a size.

    >>> output_size(1080, 1920), output_size(48, 64)
    ((480, 853), (48, 64))
    """
    scale = min(1.0, OUTPUT_SHORT_SIDE_PX / min(height, width))
    return round(height * scale), round(width * scale)


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 on a GPU that has it, as the models were trained; full precision elsewhere."""
    precise = device.type != "cuda" or not torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=not precise)
