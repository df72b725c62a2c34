"""A mask teaches a classifier of its own image, which draws the mask anew; a few rounds make both sharper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from stages.backends.embedded.features.cells import COARSE_STRIDE, FINE_STRIDE
from stages.backends.embedded.features.descriptors import View
from stages.backends.embedded.features.grids import to_cells, to_pixels
from stages.backends.embedded.features.guided_filter import GuidedFilter
from stages.backends.embedded.features.ridge import balanced_weights, measure, score, solve

Array = NDArray[Any]
Map = NDArray[np.float32]
EPSILON = 2e-3
COARSE_GAIN, FINE_GAIN = 6.0, 6.0
FINE_WEIGHT = 1.5
SHARPNESS = 8.0
MIN_CELLS = 3


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a mask is refined.

    Attributes:
        rounds: how often the classifiers are trained and asked.
        prior_weight: weight of the logits that came in.
        coarse_ridge, fine_ridge: regularisers of the two classifiers.
        coarse_band, fine_band: how many cells round the mask count as its surroundings.
        far_cost: logits that a coarse cell loses a cell of distance from the mask.
        radius: of the guided filter, in pixels.
    """

    rounds: int = 3
    prior_weight: float = 1.0
    coarse_ridge: float = 0.1
    fine_ridge: float = 0.02
    coarse_band: float = 14.0
    fine_band: float = 10.0
    far_cost: float = 0.6
    radius: int = 12


WHOLE = Lesson()
"""For the whole frame."""
CLOSE = Lesson(prior_weight=0.7, coarse_band=30.0, fine_band=30.0, far_cost=0.0, radius=16)
"""For a crop around the object."""


def refine(view: View, prior: Map, lesson: Lesson, allowed: Array | None = None) -> Map:
    """Refine a soft mask.

    Args:
        view: the image that the mask is of.
        prior: (grid.height, grid.width) float32 logits.
        lesson: how.
        allowed: (grid.height, grid.width) float32; multiplied into the result of every round (0 where the object
            cannot be), or None.

    Returns:
        (grid.height, grid.width) float32 in [0, 1].
    """
    guided = GuidedFilter(view.image, lesson.radius, EPSILON)
    probability = _sigmoid(prior)
    if allowed is not None:
        probability = probability * allowed
    for _ in range(lesson.rounds):
        coarse = to_cells(probability, view.grid, COARSE_STRIDE)
        if (coarse > 0.5).sum() < MIN_CELLS:
            break
        logits = lesson.prior_weight * prior + _coarse_logits(view, coarse, lesson)
        logits += FINE_WEIGHT * _fine_logits(view, probability, lesson)
        probability = _sigmoid(SHARPNESS * (guided(_sigmoid(logits)).clip(0, 1) - 0.5))
        if allowed is not None:
            probability = probability * allowed
    return probability


def _coarse_logits(view: View, soft: Map, lesson: Lesson) -> Map:
    scores = COARSE_GAIN * _self_scores(view.coarse, soft, lesson.coarse_band, lesson.coarse_ridge)
    if lesson.far_cost:
        distance = cv2.distanceTransform((soft <= 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        scores = scores - lesson.far_cost * np.maximum(0.0, distance - 1.0)
    pixels = to_pixels(scores.astype(np.float32), view.grid, COARSE_STRIDE, view.grid.height, view.grid.width)
    return pixels.clip(-6.0, 6.0)


def _fine_logits(view: View, probability: Map, lesson: Lesson) -> Map:
    soft = to_cells(probability, view.grid, FINE_STRIDE)
    scores = FINE_GAIN * _self_scores(view.fine, soft, lesson.fine_band, lesson.fine_ridge)
    return to_pixels(scores.clip(-3.0, 3.0), view.grid, FINE_STRIDE, view.grid.height, view.grid.width)


def _self_scores(cells: torch.Tensor, soft: Map, band: float, strength: float) -> Map:
    """(rows, columns) float32 scores of a ridge classifier trained on the soft mask of the same cells."""
    probability = torch.from_numpy(soft).to(cells.device)
    weights = balanced_weights(probability, band)
    moments = measure(cells, weights, 2 * probability.reshape(-1) - 1)
    scores = score(cells, solve(moments, strength)).reshape(soft.shape)
    return np.asarray(scores.cpu().numpy(), dtype=np.float32)


def _sigmoid(x: Array) -> Map:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0))), dtype=np.float32)
