"""One object on its way through a video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.iou import iou
from stages.backends.embedded.features.cells import COARSE_STRIDE, FINE_STRIDE
from stages.backends.embedded.features.grids import Grid, to_cells
from stages.backends.embedded.features.ridge import Sample, sample_object
from stages.backends.embedded.propagator.appearances import Appearance
from stages.backends.embedded.propagator.encodings import EDGE_STRIDE, FrameEncoding
from stages.backends.embedded.propagator.recipes import Recipe
from stages.backends.embedded.propagator.windows import Window
from stages.backends.embedded.segmenter.click_predictor import ClickPredictor
from stages.backends.optical_flow import Motion
from stages.backends.propagator import Estimate, to_bytes
from stages.resize import resize

Map = NDArray[np.float32]
_FLOW_STRIDE = 2
_PRESENT = 0.3
_NOTHING = 0.03
"""Below this a pixel is not the object's at all: maps that are 0 but for the object are processed and kept sooner."""
_ALIKE = 0.5
"""Least intersection over union of what the classifiers found and what the click network makes of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What one object's classifiers say of a frame.

    Attributes:
        coarse: (rows, columns) float32 of stride 8, about +1 on the object and -1 off it.
        fine: (rows, columns) float32 of stride 4, likewise.
    """

    coarse: Map
    fine: Map


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where an object was found on a frame.

    Attributes:
        window: in which it was looked for.
        drawn: (h, w) float32 in [0, 1], the pixels of the window.
        supported: (h / 2, w / 2) bool, where its coarse appearance is.
    """

    window: Window
    drawn: Map
    supported: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LearningSamples:
    """From which cells of a frame an object's appearance is learned."""

    coarse: Sample
    fine: Sample


class Track:
    """One object: its appearance at two scales and where it was last.

    It looks at a frame in three steps, so that others can do their parts of it together: :meth:`find`,
    :meth:`update`, and learning from the samples. Where the classifiers find the object, the click network draws its
    mask; what it draws is what is learned.
    """

    def __init__(self, recipe: Recipe, predictor: ClickPredictor) -> None:
        self._recipe = recipe
        self._predictor = predictor
        self.coarse = Appearance(recipe.coarse)
        self.fine = Appearance(recipe.fine)
        self._halved: Map
        self._last_seen: Map
        self._anchor_area = 0.0
        self._drawing_quality = 1.0
        self._rests = False

    def anchor(self, grid: Grid, mask: NDArray[np.bool_]) -> LearningSamples:
        """Take a (H, W) bool mask as the truth on a frame."""
        self._halved = to_cells(mask, grid, _FLOW_STRIDE)
        coarse, fine = (_visible(to_cells(mask, grid, stride)) for stride in (COARSE_STRIDE, FINE_STRIDE))
        self._last_seen = coarse
        self._anchor_area = float(coarse.sum())
        self._drawing_quality = 1.0
        return self._samples(coarse, fine)

    def mark_absent(self) -> None:
        """Take the object as absent on this frame; what it looks like stays in memory."""
        self._halved = np.zeros_like(self._halved)

    def is_drawn(self, due: bool) -> bool:
        """Whether the click network draws the mask on the next frame, when it is its turn; asked once a frame.

        After a drawing that changed little it rests for a frame.
        """
        rests, self._rests = self._rests, False
        return due and not rests

    def find(self, scores: Scores, is_drawn: bool, encoding: FrameEncoding, motion: Motion) -> Found:
        """Find the object on the next frame."""
        recipe = self._recipe
        carried = motion.carry(self._halved)
        distance, window = self._search_area(carried, encoding.grid)
        near = scores.coarse * np.float32(recipe.coarse.gain) - np.float32(recipe.distance_cost) * distance
        coarse = _limited(window.enlarged(near[window.at(COARSE_STRIDE)], COARSE_STRIDE), recipe.coarse.limit)
        details = scores.fine[window.at(FINE_STRIDE)] * np.float32(recipe.fine.gain)
        fine = window.enlarged(_limited(details, recipe.fine.limit), FINE_STRIDE)
        half = window.at(_FLOW_STRIDE)
        prior = _logit(carried[half]) * (np.float32(0.15) + np.float32(0.85) * motion.confidence[half])
        prior *= np.float32(recipe.prior_weight if is_drawn else recipe.undrawn_weight)
        logits = coarse + np.float32(recipe.fine_weight) * fine + prior
        small, edge = resize(_sigmoid(logits), window.shape(EDGE_STRIDE), cv2.INTER_AREA), window.at(EDGE_STRIDE)
        drawn = encoding.edges.enlarge(small, (edge[0].start, edge[1].start)).clip(0.0, 1.0)
        return Found(window, drawn, coarse > 0)

    def _search_area(self, carried: Map, grid: Grid) -> tuple[Map, Window]:
        """Distance in coarse cells beyond the first from where the object should be, and the window around that."""
        present = to_cells(carried, grid, COARSE_STRIDE) > _PRESENT
        if not present.any():
            present = self._last_seen >= min(_PRESENT, 0.9 * float(self._last_seen.max()))
        distance = cv2.distanceTransform((~present).astype(np.uint8), cv2.DIST_L2, 3)
        return np.maximum(distance - 1, 0).astype(np.float32), Window.around(present, self._recipe.reach, grid)

    def update(
        self, found: Found, image: NDArray[np.uint8] | None, *, is_crowded: bool
    ) -> tuple[Estimate, LearningSamples | None]:
        """Remember where the object was found and rate it; what the click network looked at is learned from.

        The quality is what the click network says of its last drawing, times the intersection over union of the mask
        and of what the coarse classifier supports.

        Args:
            found: on this frame.
            image: the frame at its working size, for the click network to redraw the mask; None: as it was found.
            is_crowded: there are more objects than are drawn on a frame; small ones are drawn at a smaller size.
        """
        window, trust = found.window, found.drawn
        probability = _sigmoid(np.float32(self._recipe.sharpness) * (found.drawn - np.float32(0.5)))
        probability[probability < _NOTHING] = 0
        if not (probability > 0.5).any():
            probability = np.zeros_like(probability)
        elif image is not None:
            probability, trust = self._redrawn(image, window, probability, trust, is_crowded)
        halved = resize(probability, window.shape(_FLOW_STRIDE), cv2.INTER_AREA)
        self._halved = window.placed(halved, _FLOW_STRIDE)
        coarse = window.placed(resize(halved, window.shape(COARSE_STRIDE), cv2.INTER_AREA), COARSE_STRIDE)
        mask = halved > 0.5
        quality = self._drawing_quality * iou(found.supported, mask) if mask.any() else 0.0
        estimate = Estimate(window.placed(to_bytes(probability), 1), quality, window.placed(to_bytes(trust), 1))
        if coarse.max() > _PRESENT:
            self._last_seen = coarse
        return estimate, self._learned(window, halved, coarse) if image is not None else None

    def _redrawn(
        self, image: NDArray[np.uint8], window: Window, probability: Map, trust: Map, is_crowded: bool
    ) -> tuple[Map, Map]:
        """Probability and trust after a look of the click network; as they were where it sees another thing."""
        prediction = self._predictor.refine(image, window.placed(probability, 1), self._recipe.side, is_crowded)
        drawn = prediction.probability[window.at(1)]
        agreement = iou(drawn > 0.5, probability > 0.5)
        if agreement < _ALIKE:
            self._drawing_quality = prediction.quality * agreement
            return probability, trust
        self._drawing_quality, self._rests = prediction.quality, agreement >= self._recipe.alike
        return drawn, (trust + drawn) / np.float32(2)

    def _learned(self, window: Window, halved: Map, coarse: Map) -> LearningSamples | None:
        if coarse.sum() <= self._recipe.min_area * self._anchor_area:
            return None
        fine = window.placed(resize(halved, window.shape(FINE_STRIDE), cv2.INTER_AREA), FINE_STRIDE)
        return self._samples(coarse, fine)

    def _samples(self, coarse: Map, fine: Map) -> LearningSamples:
        return LearningSamples(
            sample_object(coarse, self._recipe.coarse.band), sample_object(fine, self._recipe.fine.band)
        )


def _visible(cells: Map) -> Map:
    """Cells of an object so small that it fills none of them by half are scaled until one is."""
    peak = float(cells.max())
    return cells if peak > 0.5 else cells * np.float32(0.95 / max(peak, 1e-6))


def _limited(logits: Map, limit: float) -> Map:
    return np.clip(logits, np.float32(-limit), np.float32(limit))


def _logit(probability: Map) -> Map:
    inner = np.clip(probability, np.float32(0.02), np.float32(0.98))
    return np.asarray(np.log(inner / (1 - inner)), dtype=np.float32)


def _sigmoid(logits: NDArray[np.floating[Any]]) -> Map:
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)
