"""One object on its way through a video."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schemas.iou import iou
from stages.backends.embedded.features.cells import COARSE_STRIDE, FINE_STRIDE
from stages.backends.embedded.features.grids import to_cells
from stages.backends.embedded.propagator.appearances import Appearance
from stages.backends.embedded.propagator.encodings import FrameEncoding
from stages.backends.embedded.propagator.recipes import Recipe
from stages.backends.embedded.propagator.windows import Window
from stages.backends.optical_flow import Motion
from stages.backends.propagator import Estimate

Map = NDArray[np.float32]
_FLOW_STRIDE = 2
_PRESENT = 0.3


class Track:
    """The memory of one object: its appearance at two scales and where it was last."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._coarse = Appearance(recipe.coarse)
        self._fine = Appearance(recipe.fine)
        self._halved: Map
        self._last_seen: Map
        self._n_steps = 0
        self._anchor_area = 0.0
        self._anchor_margin = 1.0

    def anchor(self, encoding: FrameEncoding, mask: NDArray[np.bool_]) -> None:
        """Take a (H, W) bool mask as the truth on this frame."""
        grid = encoding.grid
        self._halved = to_cells(mask, grid, _FLOW_STRIDE)
        coarse, fine = _visible(to_cells(mask, grid, COARSE_STRIDE)), _visible(to_cells(mask, grid, FINE_STRIDE))
        self._last_seen = coarse
        self._anchor_area = float(coarse.sum())
        self._coarse.anchor(encoding.coarse, _beside(encoding.coarse, coarse), encoding.backdrop)
        self._fine.anchor(encoding.fine, _beside(encoding.fine, fine), encoding.fine_backdrop)
        scores = self._coarse.score(encoding.coarse).cpu().numpy().reshape(coarse.shape)
        self._anchor_margin = max(_margin(scores, coarse), 1e-3)

    def leave(self) -> None:
        """Take the object as absent on this frame; what it looks like stays in memory."""
        self._halved = np.zeros_like(self._halved)

    def step(self, encoding: FrameEncoding, motion: Motion) -> Estimate:
        """Find the object on the next frame and learn from it."""
        recipe, grid = self._recipe, encoding.grid
        carried = motion.carry(self._halved)
        distance, window = self._search_area(carried, encoding)
        scores = self._coarse.score(encoding.coarse).cpu().numpy().reshape(grid.shape(COARSE_STRIDE))
        details = self._fine.score(encoding.fine).cpu().numpy().reshape(grid.shape(FINE_STRIDE))
        near = scores * np.float32(recipe.coarse.gain) - np.float32(recipe.distance_cost) * distance
        coarse = _limited(window.enlarged(near, COARSE_STRIDE), recipe.coarse.limit)
        fine = window.enlarged(_limited(details * np.float32(recipe.fine.gain), recipe.fine.limit), FINE_STRIDE)
        half = window.at(_FLOW_STRIDE)
        prior = _logit(carried[half]) * (np.float32(0.15) + np.float32(0.85) * motion.confidence[half])
        belief = _sigmoid(coarse + np.float32(recipe.fine_weight) * fine + np.float32(recipe.prior_weight) * prior)
        drawn = encoding.edges.enlarge(belief, (half[0].start, half[1].start)).clip(0.0, 1.0)
        return self._settle(encoding, window, drawn, coarse > 0, scores)

    def _search_area(self, carried: Map, encoding: FrameEncoding) -> tuple[Map, Window]:
        """Distance in coarse cells beyond the first from where the object should be, and the window around that."""
        grid = encoding.grid
        present = to_cells(carried, grid, COARSE_STRIDE) > _PRESENT
        if not present.any():
            present = self._last_seen >= min(_PRESENT, 0.9 * float(self._last_seen.max()))
        distance = cv2.distanceTransform((~present).astype(np.uint8), cv2.DIST_L2, 3)
        return np.maximum(distance - 1, 0).astype(np.float32), Window.around(present, self._recipe.reach, grid)

    def _settle(
        self, encoding: FrameEncoding, window: Window, drawn: Map, supported: NDArray[np.bool_], scores: Map
    ) -> Estimate:
        """Write the window's result into the whole frame, remember it, and rate it."""
        grid, recipe = encoding.grid, self._recipe
        trust = np.zeros((grid.height, grid.width), dtype=np.float32)
        probability = np.zeros_like(trust)
        inner = window.at(1)
        trust[inner] = drawn
        probability[inner] = _sigmoid(np.float32(recipe.sharpness) * (drawn - np.float32(0.5)))
        if not (probability > 0.5).any():
            probability[:] = 0.0
        self._halved = to_cells(probability, grid, _FLOW_STRIDE)
        coarse = to_cells(self._halved, grid, COARSE_STRIDE)
        self._learn(encoding, coarse)
        mask = self._halved[window.at(_FLOW_STRIDE)] > 0.5
        agreement = iou(supported, mask) if mask.any() else 0.0
        quality = agreement * _margin(scores, coarse) / self._anchor_margin
        return Estimate(probability, float(np.clip(quality, 0.0, 1.0)), trust)

    def _learn(self, encoding: FrameEncoding, coarse: Map) -> None:
        if coarse.max() > _PRESENT:
            self._last_seen = coarse
        self._n_steps += 1
        if self._n_steps % self._recipe.learn_every or coarse.sum() <= self._recipe.min_area * self._anchor_area:
            return
        fine = to_cells(self._halved, encoding.grid, FINE_STRIDE)
        self._coarse.observe(encoding.coarse, _beside(encoding.coarse, coarse), encoding.backdrop)
        self._fine.observe(encoding.fine, _beside(encoding.fine, fine), encoding.fine_backdrop)


def _beside(cells: Tensor, values: Map) -> Tensor:
    """The values as a tensor on the device of the cells."""
    return torch.from_numpy(values).to(cells.device)


def _visible(cells: Map) -> Map:
    """Cells of an object so small that it fills none of them by half are scaled until one is."""
    peak = float(cells.max())
    return cells if peak > 0.5 else cells * np.float32(0.95 / max(peak, 1e-6))


def _margin(scores: Map, probability: Map) -> float:
    inside = probability > 0.5
    if not inside.any() or inside.all():
        return 0.0
    return float(scores[inside].mean() - scores[~inside].mean())


def _limited(logits: Map, limit: float) -> Map:
    return np.clip(logits, np.float32(-limit), np.float32(limit))


def _logit(probability: Map) -> Map:
    inner = np.clip(probability, np.float32(0.02), np.float32(0.98))
    return np.asarray(np.log(inner / (1 - inner)), dtype=np.float32)


def _sigmoid(logits: NDArray[np.floating[Any]]) -> Map:
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)
