"""A prompt as the maps that the click network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Array, Prompt
from stages.backends.embedded.segmenter.click_network import BOX, HAS_PRIOR, MAPS, NEGATIVE, POSITIVE, PRIOR, TRACE
from stages.backends.embedded.segmenter.crops import Crop
from stages.resize import Kind, resize

CLICK_RADIUS, TRACE_RADIUS = 5, 3
"""Of the discs, in pixels of the maps."""
STROKES = ("trace", "scribble")
"""Kinds of prompts whose positions are many and may be wrong here and there."""

Map = NDArray[np.float32]


def draw_maps(prompt: Prompt | None, prior: Map | None, crop: Crop, size: tuple[int, int]) -> Map:
    """The maps of a crop.

    Args:
        prompt: in pixels of the frame, or None when only the prior is known.
        prior: (H, W) float32 probability of the whole frame, or None.
        crop: what of the frame the maps show.
        size: (height, width) of the maps.

    Returns:
        (6, height, width) float32 in [0, 1], channels as ``MAPS``.
    """
    maps = np.zeros((len(MAPS), *size), dtype=np.float32)
    if prompt is not None:
        is_stroke = prompt.kind in STROKES
        positive = prompt.points_px[(prompt.labels == 1) & (not is_stroke)]
        _draw_discs(maps[POSITIVE], positive, crop, CLICK_RADIUS)
        _draw_discs(maps[NEGATIVE], prompt.points_px[prompt.labels == 0], crop, CLICK_RADIUS)
        _draw_discs(maps[TRACE], prompt.support_px[: len(prompt.support_px) * is_stroke], crop, TRACE_RADIUS)
        if prompt.box_xyxy_px is not None:
            _fill_box(maps[BOX], prompt.box_xyxy_px, crop)
    if prior is not None:
        maps[PRIOR] = seen(prior, crop, size)
        maps[HAS_PRIOR] = 1
    return maps


def seen(values: NDArray[Kind], crop: Crop, size: tuple[int, int]) -> NDArray[Kind]:
    """The crop of a (H, W) or (H, W, C) frame at ``size`` (height, width), by area where it shrinks."""
    return resize(values[crop.rows, crop.columns], size)


def _draw_discs(target: Map, xy_px: Array, crop: Crop, radius: int) -> None:
    """Discs around pixels of the frame that lie in the crop."""
    height, width = target.shape
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = rows**2 + columns**2 <= radius * (radius + 0.5)
    scale = np.array([width / (crop.right - crop.left), height / (crop.bottom - crop.top)])
    for x, y in np.floor((xy_px + 0.5 - [crop.left, crop.top]) * scale).astype(int).tolist():
        if 0 <= x < width and 0 <= y < height:
            own = (rows + y >= 0) & (rows + y < height) & (columns + x >= 0) & (columns + x < width) & disc
            target[(rows + y)[own], (columns + x)[own]] = 1


def _fill_box(target: Map, xyxy_px: Array, crop: Crop) -> None:
    """The pixels whose centres lie in a half-open box of the frame."""
    height, width = target.shape
    x = (np.arange(width) + 0.5) * (crop.right - crop.left) / width + crop.left
    y = (np.arange(height) + 0.5) * (crop.bottom - crop.top) / height + crop.top
    x0, y0, x1, y1 = xyxy_px
    target[:] = ((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1))
