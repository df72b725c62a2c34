"""A ridge classifier over cells, in moments: they add up over frames, so a memory of any length has one size.

With a bias column appended to the cells X (N, d), weights w and targets y in [-1, 1], the moments are
``gram = Xᵀ diag(w) X`` and ``cross = Xᵀ diag(w) y``; the classifier is ``(gram + λ · mean diagonal · I)⁻¹ cross``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stages.backends.devices import to_device

Map = NDArray[np.float32]
Each = Callable[..., Iterable[Any]]

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
class Background:
    """A frame as background, shared by all objects on it: moments of every ``step``-th cell either way, all at -1.

    Attributes:
        moments: with weight 1 a sampled cell.
        shape: (rows, columns) of the grid.
        step: of the sampling.
    """

    moments: Moments
    shape: tuple[int, int]
    step: int

    @staticmethod
    def of(cells: Tensor, shape: tuple[int, int], step: int = 2) -> Background:
        """Sample (rows · columns, d) cells of a grid of ``shape`` = (rows, columns)."""
        chosen = cells.reshape(*shape, -1)[::step, ::step].reshape(-1, cells.shape[1])
        ones = torch.ones(len(chosen), device=cells.device)
        return Background(measure(chosen, ones, -ones), shape, step)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The cells of a frame from which one object is learned, on top of the frame's background; always on the CPU.

    Attributes:
        index: (M,) int64, of the object's cells and of those around it.
        weights: (M,) float32, less what the background gives these cells; some are negative.
        targets: (M,) float32, weight times target in [-1, 1], likewise.
        share: weight of the background's moments.
    """

    index: NDArray[np.int64]
    weights: NDArray[np.float32]
    targets: NDArray[np.float32]
    share: float


def sample_object(probability: Map, band: float, step: int = 2) -> Sample:
    """Choose the cells from which an object is learned, with :func:`balanced_weights` and targets 2p - 1.

    Only the object and its surroundings are visited. Of the surroundings the sampled cells count, for neighbours look
    alike, and all that the object touches: it is there that it ends. The rest of the frame comes from the background:
    its share of the mass is spread over the sampled cells, less those near the object, which have their own weights.

    Args:
        probability: (rows, columns) float32 in [0, 1].
        band: the surroundings reach this many cells from the object.
        step: of the background.
    """
    rows, columns = probability.shape
    sampled = np.zeros((rows, columns), dtype=np.float32)
    sampled[::step, ::step] = 1
    box = _surroundings(probability, int(band) + 1)
    inner = probability[box]
    distance = _distance(inner)
    near = distance < band
    chosen = near & ((sampled[box] > 0) | (inner > _TOUCHED))
    n_far = float(sampled.sum() - sampled[box][near].sum())
    share = np.float32(_FAR_MASS / n_far if n_far else 0.0)
    targets, inside = 2 * inner[chosen] - 1, distance[chosen] == 0
    weights = np.abs(targets)
    weights[inside] *= np.float32(1 / max(float(weights[inside].sum()), 1e-3))
    weights[~inside] *= np.float32(_NEAR_MASS / max(float(weights[~inside].sum()), 1e-3))
    spread = share * sampled[box][chosen]
    index = np.arange(rows * columns).reshape(rows, columns)[box][chosen]
    return Sample(index, weights - spread, weights * targets + spread, float(share))


def measure_objects(
    cells: Tensor, samples: Sequence[Sample], background: Background, each: Each = map
) -> list[Moments]:
    """Moments of several objects against one frame: on a GPU in one batch, else one by one.

    Args:
        cells: (rows · columns, d) float32.
        samples: of the objects.
        background: of the same cells.
        each: ``map``, or that of a pool of threads.
    """
    if cells.is_cuda and samples:
        return _measured_at_once(cells, samples, background)
    return list(each(partial(_measured, cells, background), samples))


@torch.no_grad()
def _measured(cells: Tensor, background: Background, sample: Sample) -> Moments:
    extended = _with_bias(cells[torch.from_numpy(sample.index)])
    return Moments(
        _gram(extended, torch.from_numpy(sample.weights)).add_(background.moments.gram, alpha=sample.share),
        torch.addmv(background.moments.cross, extended.T, torch.from_numpy(sample.targets), beta=sample.share),
    )


@torch.no_grad()
def _measured_at_once(cells: Tensor, samples: Sequence[Sample], background: Background) -> list[Moments]:
    """All objects in one product, padded to as many cells each; nothing waits for the device."""
    size = max(1, *(len(sample.index) for sample in samples))
    index = np.zeros((len(samples), size), dtype=np.int64)
    values = np.zeros((3, len(samples), size), dtype=np.float32)
    for row, sample in enumerate(samples):
        index[row, : len(sample.index)] = sample.index
        values[0, row, : len(sample.index)], values[1, row, : len(sample.index)] = sample.weights, sample.targets
        values[2, row] = sample.share
    weights, targets, shares = to_device(values, cells.device)
    chosen = cells[to_device(index, cells.device).reshape(-1)]
    extended = _with_bias(chosen).reshape(len(samples), size, -1)
    grams = (extended * weights[..., None]).mT @ extended + shares[:, :1, None] * background.moments.gram
    crosses = (extended.mT @ targets[..., None])[..., 0] + shares[:, :1] * background.moments.cross
    return [Moments(gram, cross) for gram, cross in zip(grams, crosses, strict=True)]


def solve_all(memories: Sequence[Moments], strength: float, each: Each = map) -> list[Tensor]:
    """Classifiers (d + 1,) of several objects, see :func:`solve`: on a GPU in one batch, else one by one."""
    if memories and memories[0].gram.is_cuda:
        together = Moments(torch.stack([m.gram for m in memories]), torch.stack([m.cross for m in memories]))
        return list(solve(together, strength))
    return list(each(partial(solve, strength=strength), memories))


@torch.no_grad()
def solve(moments: Moments, strength: float) -> Tensor:
    """Classifier (..., d + 1) float32, the bias last.

    Args:
        moments: at least one cell; of several objects with a leading axis.
        strength: λ, relative to the mean squared cell value; the bias is hardly regularised.
    """
    diagonal = moments.gram.diagonal(dim1=-2, dim2=-1)
    ridge = (strength * diagonal[..., :-1].mean(dim=-1, keepdim=True)).expand(diagonal.shape).clone()
    ridge[..., -1] = _BIAS_STRENGTH
    regularised = moments.gram + torch.diag_embed(ridge)
    factor, _ = torch.linalg.cholesky_ex(regularised, check_errors=not regularised.is_cuda)
    return torch.cholesky_solve(moments.cross[..., None], factor)[..., 0]


def score(cells: Tensor, classifier: Tensor) -> Tensor:
    """(N,) float32 for (N, d) cells: about +1 on the object and -1 off it."""
    return torch.addmv(classifier[-1], cells, classifier[:-1])


def score_all(cells: Tensor, classifiers: Sequence[Tensor]) -> Tensor:
    """(n, N) float32 for n classifiers: one product, so that the cells are read once."""
    stacked = torch.stack(list(classifiers))
    return torch.addmm(stacked[:, -1:], stacked[:, :-1], cells.T)


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
    distance = torch.from_numpy(_distance(probability.cpu().numpy())).to(probability.device)
    inside, near, far = distance == 0, (distance > 0) & (distance < band), distance >= band
    if counted is not None:
        near = near & counted
    certainty = (2 * probability - 1).abs()
    weights = inside * certainty / (inside * certainty).sum().clamp(min=1e-3)
    weights = weights + near * certainty * (_NEAR_MASS / (near * certainty).sum().clamp(min=1e-3))
    return (weights + far * (_FAR_MASS / far.sum().clamp(min=1))).reshape(-1)


def _surroundings(probability: Map, reach: int) -> tuple[slice, slice]:
    """Rows and columns of the object's box, grown by ``reach`` cells; the whole grid where there is no object."""
    rows, columns = probability.shape
    left, top, width, height = cv2.boundingRect((probability > 0.5).astype(np.uint8))
    if not width:
        return slice(0, rows), slice(0, columns)
    return (
        slice(max(0, top - reach), min(rows, top + height + reach)),
        slice(max(0, left - reach), min(columns, left + width + reach)),
    )


def _distance(probability: Map) -> Map:
    """(rows, columns) float32: distance in cells to the nearest cell of the object, 0 on it."""
    outside = (probability <= 0.5).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, 3), dtype=np.float32)


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
