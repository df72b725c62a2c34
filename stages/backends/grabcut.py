"""``grabcut``: colour alone, no model. The small baseline that every better segmenter must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.coords import scale_points
from schemas.iou import iou
from schemas.prompts import Prompt
from stages.backends.embedded.features.cuts import grab_cuts, keep_seeded, seed_window, trimap_of
from stages.backends.segmenter import Segment
from stages.resize import resize

Array = NDArray[Any]
WORKING_AREA = 427 * 240
"""Pixels of the image that is cut; larger images are shrunk to it."""
ROUNDS = (4, 1)
SEED_RADIUS = 3
CLICK_REACH = 65
"""How far an object may reach from a single click, in working pixels."""
STROKE_REACH = 30


class GrabCutSegmenter:
    """GrabCut inside the box, or inside a window around the clicks or the trace."""

    name = "grabcut"

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        """See :meth:`stages.backends.segmenter.Segmenter.segment`."""
        height, width = image.shape[:2]
        scale = min(1.0, (WORKING_AREA / (height * width)) ** 0.5)
        small = resize(image, (max(1, round(height * scale)), max(1, round(width * scale))), cv2.INTER_AREA)
        return [_segment(small, prompt, height, width) for prompt in prompts]


def _segment(small: NDArray[np.uint8], prompt: Prompt, height: int, width: int) -> Segment:
    h, w = small.shape[:2]
    scale = np.array([w / width, h / height])
    seeds = scale_points(prompt.support_px, scale)
    negatives = scale_points(prompt.points_px[prompt.labels == 0], scale)
    trimap = trimap_of((h, w), window_of(prompt, seeds, scale, (h, w)), seeds, negatives, SEED_RADIUS)
    earlier, final = grab_cuts(small, trimap, ROUNDS)
    if len(seeds):
        final, earlier = keep_seeded(final, seeds), keep_seeded(earlier, seeds)
    soft = resize(final.astype(np.float32), (height, width), cv2.INTER_LINEAR)
    return Segment(soft > 0.5, iou(final, earlier))


def window_of(prompt: Prompt, seeds: Array, scale: Array, shape: tuple[int, int]) -> Array:
    """Where the object may lie, (4,) int64 xyxy half-open in working pixels: the box, or a window around the seeds."""
    h, w = shape
    if prompt.box_xyxy_px is not None:
        box = prompt.box_xyxy_px * np.tile(scale, 2)
        outer: Array = np.concatenate([np.floor(box[:2]), np.ceil(box[2:])]).clip(0, [w, h, w, h]).astype(np.int64)
        return outer
    single = len(seeds) == 1
    return seed_window(seeds, CLICK_REACH if single else STROKE_REACH, 0.0 if single else 0.35, h, w)
