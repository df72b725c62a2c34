"""What is asked of a model of the Segment Anything family about one object, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]
_CERTAIN = 10.0
"""Logit of a pixel that a given mask claims; its negative for the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is asked about one object.

    Attributes:
        points_px: (N, 2) float32 image pixels, x first.
        labels: (N,) int, 1 on the object, 0 off it.
        box_px: (4,) xyxy image pixels, or None.
        logits: (S/4, S/4) float32 mask logits on the model's padded square of side S, or None.
    """

    points_px: Array
    labels: Array
    box_px: Array | None = None
    logits: Tensor | None = None

    @property
    def is_ambiguous(self) -> bool:
        """A single click: it may mean the whole, a part or a part of a part."""
        return len(self.labels) + 2 * (self.box_px is not None) + 2 * (self.logits is not None) < 2


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the model answers about one object.

    Attributes:
        logits: (H, W) float32 at the image's size; the mask is where they are positive.
        low: (S/4, S/4) float32, the same on the padded square: the next query's ``logits``.
        iou: the model's own estimate of the mask's IoU.
    """

    logits: Tensor
    low: Tensor
    iou: float

    @property
    def mask(self) -> Tensor:
        """(H, W) bool."""
        return self.logits > 0


class Scene(Protocol):
    """An embedded image. The image encoder runs once, when it is made."""

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Decode all queries; an answer does not depend on what else is asked.

        Of an ambiguous query's three masks (whole, part, subpart) the one with the best estimated IoU is taken;
        other queries get the single mask.
        """
        ...

    def logits_of(self, mask: NDArray[np.bool_]) -> Tensor:
        """Float32 logits of a (H, W) mask at the size of :attr:`Answer.low`: what a query may bring along."""
        ...


def certain_logits(share: Tensor) -> Tensor:
    """Logits of the shares of cells that a mask covers, within ±10."""
    return torch.logit(share, eps=1e-6).clamp(-_CERTAIN, _CERTAIN)
