"""What training on points, pseudo-masks and full masks makes small.

Points: cross-entropy at the points alone, those on objects and those off them averaged apart, as in Point-VOS
(Zulfikar et al., CVPR 2024). The robust loss of pseudo-masks is partially Huberised cross-entropy (Menon et al., "Can
gradient clipping mitigate label noise?", ICLR 2020); that pseudo-masks of videos are learned with it is our choice.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

UNKNOWN = 255
TAU = 10.0
"""Cross-entropy is linear below a probability of 1 / TAU."""


def point_loss(log_probabilities: Tensor, xy: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy at points.

    Args:
        log_probabilities: (B, O + 1, H, W) of every object and, first, the background, at full resolution.
        xy: (B, O, P, 2) pixels, x first; whole numbers are centres of pixels. Values between are bilinear.
        labels: (B, O, P) 1 on the object, 0 off it, -1 where there is no point.

    Returns:
        The mean over points on objects plus the mean over points off them; 0 for a mean over none.
    """
    own = sampled(log_probabilities[:, 1:], xy)
    off = _complement(own)
    return _mean(-own, labels == 1) + _mean(-off, labels == 0)


def mask_loss(log_probabilities: Tensor, masks: Tensor, tau: float | None = None) -> Tensor:
    """Cross-entropy at every pixel of objects whose masks are known, with both sides counted as those of points are.

    Args:
        log_probabilities: (B, O + 1, H, W), the background first.
        masks: (B, O, H, W) uint8: 1, 0 or UNKNOWN.
        tau: partially Huberised with this τ; None for plain cross-entropy.

    Returns:
        The mean over pixels on objects plus the mean over pixels off them; 0 for a mean over none.
    """
    own = log_probabilities[:, 1:]
    off = _complement(own)
    if tau is None:
        return _mean(-own, masks == 1) + _mean(-off, masks == 0)
    return _mean(huberised(own, tau), masks == 1) + _mean(huberised(off, tau), masks == 0)


def huberised(log_probabilities: Tensor, tau: float = TAU) -> Tensor:
    """Partially Huberised cross-entropy: -log p where p > 1/τ, else -τp + log τ + 1.

    >>> [round(v, 3) for v in huberised(torch.tensor([0.5, 0.1, 0.0]).log()).tolist()]
    [0.693, 2.303, 3.303]
    """
    linear = 1 + math.log(tau) - tau * log_probabilities.exp()
    return torch.where(log_probabilities > -math.log(tau), -log_probabilities, linear)


def sampled(maps: Tensor, xy: Tensor) -> Tensor:
    """(B, O, P): bilinear values of (B, O, H, W) maps, each object's at its own (B, O, P, 2) pixels."""
    size = xy.new_tensor([maps.shape[-1], maps.shape[-2]])
    grid = (xy + 0.5) * 2 / size - 1
    found: Tensor = functional.grid_sample(
        maps.flatten(0, 1)[:, None], grid.flatten(0, 1)[:, None], padding_mode="border", align_corners=False
    )
    return found.reshape(*maps.shape[:2], -1)


def _complement(log_probabilities: Tensor) -> Tensor:
    """log(1 - p)."""
    return torch.log(-torch.expm1(log_probabilities.clamp(max=-1e-6)))


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)
