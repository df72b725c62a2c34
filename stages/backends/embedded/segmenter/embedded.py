"""``embedded``: a segmenter without any download beyond packages.

A frame is described once by an ImageNet network. For each prompt, cues (likeness to the seeds and to the border,
distances over edges, a GrabCut) are weighed by a small trained network into a first guess; the guess teaches
classifiers of the frame's own cells, which draw it anew, first on the whole frame and then on closer crops. How far
the mask of the whole frame and that of the crops agree is the quality. A person's few clicks are put to the vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.iou import iou
from schemas.prompts import Prompt
from stages.backends.embedded.features.backbone import Backbone, load_backbone
from stages.backends.embedded.features.cells import COARSE_STRIDE
from stages.backends.embedded.features.cues import cue_maps, rivalry
from stages.backends.embedded.features.cuts import keep_seeded
from stages.backends.embedded.features.descriptors import Descriptors, View, describe, look
from stages.backends.embedded.features.evidence import gather
from stages.backends.embedded.features.grids import FAST_PIXELS, FULL_PIXELS, to_pixels
from stages.backends.embedded.segmenter.combiner import Combiner, kind_of, load_combiner
from stages.backends.embedded.segmenter.self_training import WHOLE, refine
from stages.backends.embedded.segmenter.vote import vote
from stages.backends.embedded.segmenter.zoom import zoom
from stages.backends.segmenter import Segment

Array = NDArray[Any]
Map = NDArray[np.float32]
MASK_BIAS, CANDIDATE_BIAS = 0.8, 1.6
"""Logits taken off the first guess: for masks, and for where only sure candidate points are wanted."""
MAX_CANVAS = 1920 * 1080
"""Masks of larger frames are drawn at this many pixels and then enlarged."""
NEGATIVE_RADIUS = 10
_FEW = 2
"""On a frame of so many objects, prompts are answered one after the other, to take less memory."""
RIVALRY = 4.0
"""Logits that a cell loses when its way from the seeds is e times that from the negatives."""


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """What sets the variants apart.

    Attributes:
        pixels: size of the working image.
        zooms: how often to look closer.
        bias: logits taken off the first guess; more makes smaller, surer masks.
        votes: whether two or three clicks are asked about in every choice of them, which takes so many times longer.
    """

    pixels: int = FULL_PIXELS
    zooms: int = 2
    bias: float = MASK_BIAS
    votes: bool = True


VARIANTS = {"embedded": EmbeddedSettings(), "embedded_fast": EmbeddedSettings(FAST_PIXELS, 1, votes=False)}


def load_embedded(
    name: str, device: str = "auto", settings: EmbeddedSettings | None = None, threads: int = 1
) -> EmbeddedSegmenter:
    """Load the network and the combiner's weights; ``settings`` overrides the variant's own."""
    return EmbeddedSegmenter(name, load_backbone(device), load_combiner(), settings or VARIANTS[name], threads)


class EmbeddedSegmenter:
    """See the module; stateless, safe to call from several threads."""

    def __init__(
        self, name: str, backbone: Backbone, combiner: Combiner, settings: EmbeddedSettings, threads: int = 1
    ) -> None:
        self.name = name
        self._backbone = backbone
        self._combiner = combiner
        self._settings = settings
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="segment") if threads > 1 else None

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        """See :meth:`stages.backends.segmenter.Segmenter.segment`."""
        view = look(self._backbone, image, self._settings.pixels)
        descriptors = describe(self._backbone, view)
        is_crowded = len(prompts) > _FEW or any(prompt.n_objects > _FEW for prompt in prompts)
        map_over = self._pool.map if self._pool and is_crowded else map

        def answer(prompt: Prompt) -> Segment:
            return self._segment(image, view, descriptors, prompt)

        return list(map_over(partial(vote, answer=answer) if self._settings.votes else answer, prompts))

    def _segment(self, image: NDArray[np.uint8], view: View, descriptors: Descriptors, prompt: Prompt) -> Segment:
        height, width = image.shape[:2]
        task = _Task.of(prompt, view, height, width)
        seeds, prior = self._guess(view, descriptors, task)
        allowed = task.allowed(view)
        first = _seeded(refine(view, prior, WHOLE, allowed), seeds)
        final = self._look_closer(image, first, seeds, allowed)
        mask = np.asarray(_resized(final, (width, height)) > 0.5)
        agreement = iou(first > 0.5, _resized(final, (view.grid.width, view.grid.height)) > 0.5)
        return Segment(mask, agreement if mask.any() else 0.0)

    def _guess(self, view: View, descriptors: Descriptors, task: _Task) -> tuple[Array, Map]:
        """Cleaned seeds (N, 2) that the mask must touch, x first, and logits a pixel of the working image."""
        evidence = gather(view, descriptors, task.support, task.negatives, task.box, task.fence)
        kind = kind_of(len(evidence.seeds), task.box is not None)
        logits = self._combiner.logits(kind, cue_maps(view, descriptors, evidence)) - self._settings.bias
        if len(task.negatives):
            logits -= RIVALRY * rivalry(view, descriptors, evidence.seeds, task.negatives)
        prior = to_pixels(logits, view.grid, COARSE_STRIDE, view.grid.height, view.grid.width)
        return evidence.seeds if task.box is None else task.support, prior.clip(-5.0, 5.0)

    def _look_closer(self, image: NDArray[np.uint8], first: Map, seeds: Array, allowed: Map) -> Map:
        """The refined mask at the frame's size, or at ``MAX_CANVAS`` pixels for larger frames."""
        height, width = image.shape[:2]
        scale = min(1.0, (MAX_CANVAS / (height * width)) ** 0.5)
        canvas = (max(1, round(width * scale)), max(1, round(height * scale)))
        soft, allowed = _resized(first, canvas), _resized(allowed, canvas)
        seeds = (seeds + 0.5) * (np.array(canvas) / [first.shape[1], first.shape[0]]) - 0.5
        for _ in range(self._settings.zooms):
            if not (soft > 0.5).any():
                break
            soft = _seeded(zoom(self._backbone, image, soft, seeds, self._settings.pixels) * allowed, seeds)
        return soft


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A prompt in pixels of the working image; arrays as in :class:`Prompt`."""

    support: Array
    negatives: Array
    box: Array | None
    fence: Array | None

    @staticmethod
    def of(prompt: Prompt, view: View, height: int, width: int) -> _Task:
        scale = np.array([view.grid.width / width, view.grid.height / height])
        box, fence = prompt.box_xyxy_px, prompt.fence_xyxy_px
        return _Task(
            (prompt.support_px + 0.5) * scale - 0.5,
            (prompt.points_px[prompt.labels == 0] + 0.5) * scale - 0.5,
            None if box is None else box * np.tile(scale, 2),
            None if fence is None else fence * np.tile(scale, 2),
        )

    def allowed(self, view: View) -> Map:
        """(grid.height, grid.width) float32: 0 outside the box and around negatives, else 1."""
        allowed = np.ones(view.image.shape[:2], dtype=np.float32)
        if self.box is not None:
            x0, y0, x1, y1 = np.rint(self.box).astype(int)
            allowed[:] = 0
            allowed[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = 1
        for x, y in np.rint(self.negatives).astype(int).tolist():
            cv2.circle(allowed, (x, y), NEGATIVE_RADIUS, 0.0, -1)
        return allowed


def _seeded(soft: Map, seeds: Array) -> Map:
    """Without the components that hold no seed."""
    if not len(seeds):
        return soft
    mask = soft > 0.5
    return np.where(mask & ~keep_seeded(mask, seeds), np.float32(0), soft)


def _resized(values: Map, size: tuple[int, int]) -> Map:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
