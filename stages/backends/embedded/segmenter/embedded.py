"""``embedded``: a segmenter without any download; the click network, whose weights come with this package.

The network looks at the whole frame and once more, closer, at what it found there.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.coords import scale_points
from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.click_predictor import SIDE, WEIGHTS, ClickPredictor, load_click_predictor
from stages.backends.segmenter import Segment
from stages.resize import resize

SIDES = {"embedded": SIDE, "embedded_fast": 320}
"""Pixels of the longer side at which the network sees frames and crops."""
MAX_PIXELS = 1920 * 1080
"""Larger frames are made smaller to about this, and their masks enlarged."""
CROWD = 6
"""On a frame of more objects, small ones are seen smaller."""
_FEW = 2
"""On a frame of so many objects, prompts are answered one after the other, to take less memory."""


def load_embedded(name: str, device: str = "auto", threads: int = 1, weights: Path = WEIGHTS) -> EmbeddedSegmenter:
    """Load ``embedded`` or ``embedded_fast``, or ``embedded`` with other weights; the process shares the network."""
    return EmbeddedSegmenter(name, load_click_predictor(device, weights), threads)


class EmbeddedSegmenter:
    """See the module; stateless, safe to call from several threads."""

    def __init__(self, name: str, predictor: ClickPredictor, threads: int = 1) -> None:
        self.name = name
        self._predictor = predictor
        self._side = SIDES.get(name, SIDE)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="segment") if threads > 1 else None

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        """See :meth:`stages.backends.segmenter.Segmenter.segment`; a prompt's mask is where the network starts from."""
        is_crowded = len(prompts) > _FEW or any(prompt.n_objects > _FEW for prompt in prompts)
        map_over = self._pool.map if self._pool and is_crowded else map
        size = _working_size(*image.shape[:2])
        return list(map_over(partial(self._segment, resize(image, size), image.shape[:2]), prompts))

    def _segment(self, small: NDArray[np.uint8], shape: tuple[int, ...], prompt: Prompt) -> Segment:
        """One answer at the frame's ``shape``, asked about the frame at its working size."""
        asked = _resized_prompt(prompt, shape, small.shape[:2])
        prior = None if asked.mask is None else asked.mask.astype(np.float32)
        found = self._predictor.answer(small, asked, prior, self._side, prompt.n_objects > CROWD)
        probability = resize(found.probability, shape)
        mask = probability > 0.5
        return Segment(mask, found.quality if mask.any() else 0.0, probability if prompt.is_soft else None)


def _working_size(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, (MAX_PIXELS / (height * width)) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _resized_prompt(prompt: Prompt, shape: tuple[int, ...], size: tuple[int, ...]) -> Prompt:
    """A prompt in pixels of a frame of ``shape`` (height, width), in those of the frame at ``size``."""
    if size == shape:
        return prompt
    scale = np.array([size[1] / shape[1], size[0] / shape[0]])
    box, mask = prompt.box_xyxy_px, prompt.mask
    return replace(
        prompt,
        points_px=scale_points(prompt.points_px, scale),
        support_px=scale_points(prompt.support_px, scale),
        box_xyxy_px=None if box is None else box * np.tile(scale, 2),
        mask=None if mask is None else resize(mask.astype(np.float32), size) > 0.5,
    )
