"""Boxes that detectors answer with: clipped to the image, and of several on one object the surest."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import nms

from schemas.localizations import Box

SAME_IOU = 0.5
"""Boxes of one expression that overlap more are of one object."""


def clipped(boxes: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """(N, 4) xyxy boxes clipped to the image, and (N,) bool whether at least a pixel of each lies inside."""
    limits = torch.tensor([width, height, width, height], dtype=boxes.dtype)
    inner = boxes.clamp(min=0).minimum(limits)
    return inner, (inner[:, 2:] - inner[:, :2] >= 1).all(dim=1)


def best_box(scores: Tensor, boxes: Tensor, height: int, width: int) -> tuple[float, Box | None]:
    """The best box of which at least a pixel lies inside the image, clipped to it; None when there is no such box."""
    inner, is_inside = clipped(boxes, height, width)
    if not is_inside.any():
        return 0.0, None
    best = int(scores.where(is_inside, -1.0).argmax())
    return float(scores[best]), _box(inner[best])


def all_boxes(scores: Tensor, boxes: Tensor, height: int, width: int, least: float) -> list[tuple[float, Box]]:
    """Boxes of distinct objects that score at least ``least``, the surest first, each with its score."""
    inner, is_inside = clipped(boxes, height, width)
    taken = is_inside & (scores >= least)
    inner, scores = inner[taken].float(), scores[taken].float()
    return [(float(scores[i]), _box(inner[i])) for i in nms(inner, scores, SAME_IOU).tolist()]


def _box(values: Tensor) -> Box:
    x0, y0, x1, y1 = (round(float(value), 1) for value in values)
    return Box((x0, y0, x1, y1))
