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
_MOVING = 127
"""Of 255, from where on a pixel moves."""
_GROWN = 1.05
"""A mask may be of a part of the object where it is so many times as large together with what moves beside it."""
_POSITIVES = 3
_DEEP, _TYPICAL = 0.4, 90.0
"""Positives lie at least this share of the mask's typical depth from its edge; typical is this percentile."""
_NEAREST_SHARE, _NEAREST = 0.025, 0.25
"""The ground begins at this share of the frame's shorter side, or of the root of the mask's area."""


def repair_prompts(row: ObjectMask, rivals: Sequence[ObjectMask], held: Bits, motion: Motion) -> list[Prompt]:
    """One prompt for a mask that is about right and, where more than it moves, one for a mask of a part of the object.

    Both have three clicks deep in the part of the mask of which the tracker is sure, and one on every near rival. The
    first has one more on the ground around the mask, the other the box of the mask and of what moves and hangs
    together with it.

    Args:
        row: the object; its mask is not empty.
        rivals: objects of the frame that share no pixel with it.
        held: (H, W) bool, what any other objects hold.
        motion: on the frame.
    """
    confident = row.mask if row.trust is None else resize(row.trust, row.mask.shape, cv2.INTER_LINEAR) >= _SURE
    sure = row.mask & confident
    positives = _spread(sure if sure.sum() >= _LEAST_PIXELS else row.mask)
    ground, beside = _negatives(row, rivals)
    prompts = [_prompt(row.object_id, positives, [*ground, *beside])]
    whole = _moving_together(row.mask, held, motion)
    if whole.sum() > _GROWN * row.mask.sum():
        prompts.append(_prompt(row.object_id, positives, beside, _box(whole)))
    return prompts


def _prompt(
    object_id: str, positives: Sequence[Point], negatives: Sequence[Point], box: NDArray[np.float32] | None = None
) -> Prompt:
    points = np.array([*positives, *negatives], dtype=np.float32)
    labels = np.array([1] * len(positives) + [0] * len(negatives), dtype=np.int8)
    return Prompt(object_id, "repair", points, labels, points[: len(positives)], box)


def _moving_together(mask: Bits, held: Bits, motion: Motion) -> Bits:
    """The mask, and what moves, belongs to no other object, and hangs together with it."""
    moves = (resize(motion.moving, mask.shape, cv2.INTER_LINEAR) > _MOVING) & ~held
    _, parts = cv2.connectedComponents((moves | mask).astype(np.uint8))
    return np.isin(parts, np.unique(parts[mask]))


def _box(region: Bits) -> NDArray[np.float32]:
    """(4,) half-open xyxy around a region."""
    left, top, width, height = cv2.boundingRect(region.astype(np.uint8))
    return np.array([left, top, left + width, top + height], dtype=np.float32)


def _negatives(row: ObjectMask, rivals: Sequence[ObjectMask]) -> tuple[list[Point], list[Point]]:
    """One on the ground, and one deep in every near rival."""
    mask = row.mask
    nearest_px = max(_NEAREST_SHARE * min(mask.shape), _NEAREST * int(mask.sum()) ** 0.5)
    away = _depth(~mask, bordered=False)
    near = away < 2 * nearest_px
    beside = [other.mask & ~mask for other in rivals if (other.mask & ~mask & near).any()]
    ground = (away > nearest_px) & near & ~np.logical_or.reduce([np.zeros_like(mask), *beside])
    return [_highest(away, ground)] * bool(ground.any()), [_highest(_depth(part), part) for part in beside]


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
