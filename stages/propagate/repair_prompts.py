"""What to ask a segmenter about an object that is tracked: clicks where tracker and motion are sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.object_masks import ObjectMask
from schemas.prompts import Prompt
from stages.propagate.motion import Motion
from stages.resize import resize

Bits = NDArray[np.bool_]
Point = tuple[int, int]
_SURE = 204
"""Of 255, from where on a pixel's trust is confident."""
_LEAST_PIXELS = 10
_MOVING, _LEAST_MOVING = 127, 0.2
"""Of 255, from where on a pixel moves, and the share of a mask that must move for the rest not to count."""
_POSITIVES = 3
_DEEP, _TYPICAL = 0.4, 90.0
"""Positives lie at least this share of the mask's typical depth from its edge; typical is this percentile."""
_NEAREST_SHARE, _NEAREST = 0.025, 0.25
"""The ground begins at this share of the frame's shorter side, or of the root of the mask's area."""


def repair_prompts(row: ObjectMask, others: Sequence[ObjectMask], motion: Motion) -> list[Prompt]:
    """Two prompts, or one where they are the same: segmenters may answer clicks a few pixels apart very differently.

    Each has three clicks deep in a confident part of the mask, one on the ground around it, and one on every near
    object. One takes what the tracker is sure of as confident, the other what moves of that.

    Args:
        row: the object; its mask is not empty.
        others: objects of the frame that share no pixel with it.
        motion: on the frame.
    """
    negatives = _negatives(row, others)
    confident = row.mask if row.trust is None else resize(row.trust, row.mask.shape, cv2.INTER_LINEAR) >= _SURE
    sure = _large_part(row.mask, confident, _LEAST_PIXELS)
    moves = resize(motion.moving, row.mask.shape, cv2.INTER_LINEAR) > _MOVING
    moving = _large_part(sure, moves, _LEAST_MOVING * int(row.mask.sum()))
    clicks = dict.fromkeys((tuple(_spread(sure)), tuple(_spread(moving))))
    return [_prompt(row.object_id, positives, negatives) for positives in clicks]


def _prompt(object_id: str, positives: Sequence[Point], negatives: Sequence[Point]) -> Prompt:
    points = np.array([*positives, *negatives], dtype=np.float32)
    labels = np.array([1] * len(positives) + [0] * len(negatives), dtype=np.int8)
    return Prompt(object_id, "repair", points, labels, points[: len(positives)])


def _negatives(row: ObjectMask, others: Sequence[ObjectMask]) -> list[Point]:
    """On the ground, and deep in every near object."""
    mask = row.mask
    nearest_px = max(_NEAREST_SHARE * min(mask.shape), _NEAREST * int(mask.sum()) ** 0.5)
    away = _depth(~mask, bordered=False)
    near = away < 2 * nearest_px
    rivals = [other.mask & ~mask for other in others if (other.mask & ~mask & near).any()]
    ground = (away > nearest_px) & near & ~np.logical_or.reduce([np.zeros_like(mask), *rivals])
    return [_highest(away, ground)] * bool(ground.any()) + [_highest(_depth(rival), rival) for rival in rivals]


def _large_part(mask: Bits, region: Bits, least: float) -> Bits:
    """What of the mask lies in the region, or the mask when that is less than ``least`` pixels."""
    part = mask & region
    return part if part.sum() >= max(least, 1) else mask


def _spread(region: Bits) -> list[Point]:
    """The deepest pixel (x, y), then those deep ones that lie farthest from all before."""
    depth = _depth(region)
    deep = depth > _DEEP * np.percentile(depth[region], _TYPICAL)
    rows, columns = np.mgrid[: region.shape[0], : region.shape[1]]
    points = [_highest(depth, deep)]
    distance = np.full(region.shape, np.inf)
    for _ in range(_POSITIVES - 1):
        x, y = points[-1]
        distance = np.minimum(distance, np.hypot(columns - x, rows - y))
        points.append(_highest(distance, deep))
    return list(dict.fromkeys(points))


def _depth(region: Bits, *, bordered: bool = True) -> NDArray[np.float32]:
    """Distance to the nearest pixel outside, in pixels; what lies beyond the frame is outside if it is ``bordered``."""
    padded = np.pad(region, 1, constant_values=not bordered).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1], dtype=np.float32)


def _highest(values: NDArray[Any], region: Bits) -> Point:
    """The pixel (x, y) of ``region`` with the highest value, the first of equals."""
    y, x = np.unravel_index(int(np.where(region, values, -1).argmax()), region.shape)
    return int(x), int(y)
