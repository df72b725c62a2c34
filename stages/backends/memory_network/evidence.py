"""What is known of objects on a frame before the network looks: points, or masks, each as maps of stride 4."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

RADIUS = 5.0
"""Pixels: every point is a disk of this radius."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Of O objects on B frames, at stride 4.

    Attributes:
        own: (B, O, rows, columns) float in [0, 1], where the object is.
        others: likewise, where it is not: its own points off it, and other objects.
        known: likewise, where either is known; everywhere of masks.
    """

    own: Tensor
    others: Tensor
    known: Tensor


def of_points(xy: Tensor, labels: Tensor, size: tuple[int, int], stride: int) -> Evidence:
    """Disks at points, drawn in pixels and averaged over cells.

    Args:
        xy: (B, O, P, 2) float, pixels, x first; whole numbers are centres of pixels.
        labels: (B, O, P) 1 on the object, 0 off it, -1 where there is no point.
        size: (height, width) of the frames in pixels, multiples of ``stride``.
        stride: of the maps.
    """
    own = _disks(xy, labels == 1, size, stride)
    off = _disks(xy, labels == 0, size, stride)
    others = torch.maximum(off, _rest(own))
    return Evidence(own, others, torch.clamp(own + others, max=1.0))


def of_masks(probabilities: Tensor) -> Evidence:
    """(B, O, rows, columns) float in [0, 1]: soft or hard masks, averaged over cells."""
    return Evidence(probabilities, _rest(probabilities), torch.ones_like(probabilities))


def corrected(probabilities: Tensor, points: Evidence) -> Evidence:
    """Masks that a network drew, with what the points say laid over them."""
    own = torch.maximum(probabilities * (1 - points.others), points.own)
    return of_masks(own)


def _rest(own: Tensor) -> Tensor:
    """The sum of all other objects, at most 1."""
    return (own.sum(dim=1, keepdim=True) - own).clamp(0.0, 1.0)


def _disks(xy: Tensor, wanted: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    """(B, O, rows, columns): the share of each cell within RADIUS of a wanted point, sampled at every second pixel."""
    y, x = (torch.arange(0.5, length, 2.0, device=xy.device) for length in size)
    disks = torch.zeros((*xy.shape[:2], len(y), len(x)), device=xy.device)
    for point in range(xy.shape[2]):
        at = xy[:, :, point]
        squared = (y - at[..., 1:]).square()[..., None] + (x - at[..., :1]).square()[:, :, None, :]
        disks = torch.maximum(disks, ((squared <= RADIUS**2) & wanted[:, :, point, None, None]).float())
    return functional.avg_pool2d(disks, stride // 2)
