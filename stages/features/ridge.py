"""A ridge classifier over cells, in moments: they add up over frames, so a memory of any length has one size.

With a bias column appended to the cells X (N, d), weights w and targets y in [-1, 1], the moments are
``gram = Xᵀ diag(w) X`` and ``cross = Xᵀ diag(w) y``; the classifier is ``(gram + λ · mean diagonal · I)⁻¹ cross``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

_BIAS_STRENGTH = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Weighted second moments of cells: ``gram`` (d + 1, d + 1) and ``cross`` (d + 1,) float32, the bias last."""

    gram: Tensor
    cross: Tensor

    def mixed(self, other: Moments, share: float) -> Moments:
        """``(1 - share) · self + share · other``."""
        return Moments(torch.lerp(self.gram, other.gram, share), torch.lerp(self.cross, other.cross, share))


def measure(cells: Tensor, weights: Tensor, targets: Tensor) -> Moments:
    """Moments of (N, d) cells with (N,) weights and (N,) targets in [-1, 1], all float32."""
    ones = torch.ones(len(cells), 1, device=cells.device, dtype=cells.dtype)
    extended = torch.cat([cells, ones], dim=1)
    weighted = extended * weights[:, None]
    return Moments(weighted.T @ extended, weighted.T @ targets)


def solve(moments: Moments, strength: float) -> Tensor:
    """Classifier (d + 1,) float32, the bias last.

    Args:
        moments: at least one cell.
        strength: λ, relative to the mean squared cell value; the bias is hardly regularised.
    """
    diagonal = moments.gram.diagonal()
    ridge = torch.full_like(diagonal, strength) * diagonal[:-1].mean()
    ridge[-1] = _BIAS_STRENGTH
    factor = torch.linalg.cholesky(moments.gram + torch.diag(ridge))
    return torch.cholesky_solve(moments.cross[:, None], factor)[:, 0]


def score(cells: Tensor, classifier: Tensor) -> Tensor:
    """(N,) float32 for (N, d) cells: about +1 on the object and -1 off it."""
    return torch.addmv(classifier[-1], cells, classifier[:-1])


def balanced_weights(probability: Tensor, band: float) -> Tensor:
    """Weights that give the object 1, its surroundings 0.7 and the rest of the frame 0.3 of the mass.

    Undecided cells count little: within the object and its surroundings a cell weighs ``|2p - 1|``.

    Args:
        probability: (rows, columns) float32 in [0, 1].
        band: the surroundings reach this many cells from the object.

    Returns:
        (rows · columns,) float32.
    """
    inside = probability > 0.5
    outside = (~inside).cpu().numpy().astype(np.uint8)
    distance = torch.from_numpy(cv2.distanceTransform(outside, cv2.DIST_L2, 3)).to(probability.device)
    near, far = ~inside & (distance < band), ~inside & (distance >= band)
    certainty = (2 * probability - 1).abs()
    weights = inside * certainty / (inside * certainty).sum().clamp(min=1e-3)
    weights = weights + near * certainty * (0.7 / (near * certainty).sum().clamp(min=1e-3))
    return (weights + far * (0.3 / far.sum().clamp(min=1))).reshape(-1)
