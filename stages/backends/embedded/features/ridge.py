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
_NEAR_MASS = 0.7
_FAR_MASS = 0.3
_BLOCKS = 4
"""In which half of a symmetric product is computed on a CPU."""
_TOUCHED = 0.02
"""The object touches a cell of which it covers more than this."""


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
    extended = _with_bias(cells)
    return Moments(_gram(extended, weights), extended.T @ (weights * targets))


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """A frame as background, shared by all objects on it: moments of every ``step``-th cell either way, all at -1.

    Attributes:
        moments: with weight 1 a sampled cell.
        sampled: (rows, columns) float32, 1 at sampled cells, else 0.
    """

    moments: Moments
    sampled: Tensor

    @staticmethod
    def of(cells: Tensor, shape: tuple[int, int], step: int = 2) -> Backdrop:
        """Sample (rows · columns, d) cells of a grid of ``shape`` = (rows, columns)."""
        sampled = torch.zeros(shape, device=cells.device)
        sampled[::step, ::step] = 1.0
        chosen = cells.reshape(*shape, -1)[::step, ::step].reshape(-1, cells.shape[1])
        ones = torch.ones(len(chosen), device=cells.device)
        return Backdrop(measure(chosen, ones, -ones), sampled)


def measure_object(cells: Tensor, probability: Tensor, band: float, backdrop: Backdrop) -> Moments:
    """Moments of one object against its frame, with :func:`balanced_weights` and targets 2p - 1.

    Only the object and its surroundings are visited. Of the surroundings the sampled cells count, for neighbours look
    alike, and all that the object touches: it is there that it ends. The rest of the frame comes from ``backdrop``: its
    share of the mass is spread over the sampled cells, less those near the object, which have weights of their own.

    Args:
        cells: (rows · columns, d) float32.
        probability: (rows, columns) float32 in [0, 1].
        band: the surroundings reach this many cells from the object.
        backdrop: of the same cells.
    """
    near = _distance(probability) < band
    counted = (backdrop.sampled > 0) | (probability > _TOUCHED)
    weights = balanced_weights(probability, band, counted)
    sampled = backdrop.sampled.reshape(-1)
    n_far = float((backdrop.sampled * ~near).sum())
    share = _FAR_MASS / n_far if n_far else 0.0
    chosen = (near & counted).reshape(-1).nonzero()[:, 0]
    excess = weights[chosen] - share * sampled[chosen]
    cross = weights[chosen] * (2 * probability.reshape(-1)[chosen] - 1) + share * sampled[chosen]
    extended = _with_bias(cells[chosen])
    return Moments(
        _gram(extended, excess).add_(backdrop.moments.gram, alpha=share),
        torch.addmv(backdrop.moments.cross, extended.T, cross, beta=share),
    )


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


def balanced_weights(probability: Tensor, band: float, counted: Tensor | None = None) -> Tensor:
    """Weights that give the object 1, its surroundings 0.7 and the rest of the frame 0.3 of the mass.

    Undecided cells count little: within the object and its surroundings a cell weighs ``|2p - 1|``.

    Args:
        probability: (rows, columns) float32 in [0, 1].
        band: the surroundings reach this many cells from the object.
        counted: (rows, columns) bool; other cells of the surroundings weigh nothing. None: all do.

    Returns:
        (rows · columns,) float32.
    """
    distance = _distance(probability)
    inside, near, far = distance == 0, (distance > 0) & (distance < band), distance >= band
    if counted is not None:
        near = near & counted
    certainty = (2 * probability - 1).abs()
    weights = inside * certainty / (inside * certainty).sum().clamp(min=1e-3)
    weights = weights + near * certainty * (_NEAR_MASS / (near * certainty).sum().clamp(min=1e-3))
    return (weights + far * (_FAR_MASS / far.sum().clamp(min=1))).reshape(-1)


def _distance(probability: Tensor) -> Tensor:
    """(rows, columns) float32: distance in cells to the nearest cell of the object, 0 on it."""
    outside = (probability <= 0.5).cpu().numpy().astype(np.uint8)
    return torch.from_numpy(cv2.distanceTransform(outside, cv2.DIST_L2, 3)).to(probability.device)


def _gram(cells: Tensor, weights: Tensor) -> Tensor:
    """``Xᵀ diag(w) X`` (d, d) float32 of (N, d) cells with (N,) weights of either sign.

    It is symmetric: a CPU computes five eighths of it, in rows of blocks from the diagonal on.
    """
    weighted = (cells * weights[:, None]).T
    if cells.is_cuda:
        return weighted @ cells
    size = cells.shape[1]
    upper = cells.new_zeros(size, size)
    step = -(-size // _BLOCKS)
    for start in range(0, size, step):
        torch.mm(weighted[start : start + step], cells[:, start:], out=upper[start : start + step, start:])
    return upper.triu_() + upper.triu(1).T


def _with_bias(cells: Tensor) -> Tensor:
    return torch.cat([cells, torch.ones(len(cells), 1, device=cells.device)], dim=1)
