"""Look again, closer: refine a mask on a crop of the full-resolution frame around the object."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.features.backbone import Backbone
from stages.backends.embedded.features.cuts import SURE_FG, grab_cuts, probability_trimap
from stages.backends.embedded.features.descriptors import View, look
from stages.backends.embedded.segmenter.self_training import CLOSE, Lesson, refine

Array = NDArray[Any]
Map = NDArray[np.float32]
MARGIN = 0.4
MIN_MARGIN = 1 / 16
"""Margins of the crop: a share of the object's extent, and at least a share of the frame's shorter side."""
WHOLE_FRAME = 0.8
"""A crop of more than this share of the frame is the whole frame."""
SURE = 0.93
SEED_RADIUS = 3
MAX_SEED_DISCS = 3
"""Up to so many seeds are clicks, which are surely right; more are a trace."""


def zoom(
    backbone: Backbone, image: NDArray[np.uint8], soft: Map, seeds: Array, pixels: int, lesson: Lesson = CLOSE
) -> Map:
    """Refine a soft mask on a crop around it; by self-training and by GrabCut, averaged.

    Args:
        backbone: describes the crop.
        image: (H, W, 3) uint8 RGB, the frame at full size.
        soft: (h, w) float32 in [0, 1], the mask so far, at any size with the frame's aspect.
        seeds: (N, 2) positions on the object in pixels of ``soft``, x first; may be empty.
        pixels: size of the working crop.
        lesson: how to self-train.

    Returns:
        (h, w) float32 in [0, 1], zero outside the crop.
    """
    x0, y0, x1, y1 = crop_box(soft > 0.5, seeds)
    height, width = soft.shape
    scale = np.array([image.shape[1] / width, image.shape[0] / height])
    (left, top), (right, bottom) = np.rint(np.array([[x0, y0], [x1, y1]]) * scale).astype(int)
    view = look(backbone, np.ascontiguousarray(image[top:bottom, left:right]), pixels)
    start = _resized(soft[y0:y1, x0:x1], view.image.shape[1], view.image.shape[0])
    prior = np.log((start + 0.02) / (1.02 - start)).clip(-4.0, 4.0).astype(np.float32)
    refined = refine(view, prior, lesson)
    to_view = np.array([view.grid.width / (x1 - x0), view.grid.height / (y1 - y0)])
    cut = _cut(view, refined, (seeds - [x0, y0] + 0.5) * to_view - 0.5)
    whole = np.zeros((height, width), dtype=np.float32)
    whole[y0:y1, x0:x1] = _resized(0.5 * (refined + cut), x1 - x0, y1 - y0)
    return whole


def crop_box(mask: NDArray[np.bool_], seeds: Array) -> tuple[int, int, int, int]:
    """Half-open xyxy around the mask and the seeds with margins; the whole frame when it is nearly that.

    >>> mask = np.zeros((100, 200), dtype=bool)
    >>> mask[40:60, 50:70] = True
    >>> crop_box(mask, np.zeros((0, 2)))
    (42, 32, 78, 68)
    """
    height, width = mask.shape
    corners = np.concatenate([np.argwhere(mask)[:, ::-1], np.rint(seeds).astype(int).reshape(-1, 2)])
    low, high = corners.min(axis=0), corners.max(axis=0) + 1
    margin = np.maximum(MARGIN * (high - low), MIN_MARGIN * min(height, width)).astype(int)
    x0, y0 = (int(v) for v in np.maximum(low - margin, 0))
    x1, y1 = (int(v) for v in np.minimum(high + margin, [width, height]))
    if (x1 - x0) * (y1 - y0) > WHOLE_FRAME * width * height:
        return 0, 0, width, height
    return x0, y0, x1, y1


def _cut(view: View, soft: Map, seeds: Array) -> Map:
    """One round of GrabCut at half size, from the soft mask."""
    height, width = soft.shape[0] // 2, soft.shape[1] // 2
    half = np.asarray(cv2.resize(view.image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    trimap = probability_trimap(_resized(soft, width, height), SURE)
    if len(seeds) <= MAX_SEED_DISCS:
        for x, y in np.rint(seeds / 2).astype(int).tolist():
            cv2.circle(trimap, (x, y), SEED_RADIUS, int(SURE_FG), -1)
    (final,) = grab_cuts(half, trimap, (1,))
    return _resized(final.astype(np.float32), soft.shape[1], soft.shape[0])


def _resized(values: Map, width: int, height: int) -> Map:
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
