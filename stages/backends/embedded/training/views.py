"""One look at a picture, as it is trained on: a random crop, turned, mirrored and recoloured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.training.pictures import Picture

Mask = NDArray[np.bool_]
_WHOLE = 0.35
"""Share of the looks at nearly the whole picture; the others are crops around the object."""
_LEAST_SHARE = 0.22
"""The object's longer side takes at least this share of a crop."""
_GREY = (127, 127, 127)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingView:
    """What the network is shown, and the truth.

    Attributes:
        image: (h, w, 3) uint8 RGB; beyond the picture it is grey.
        mask: (h, w) bool, the object: the truth, or a guess where there are points.
        other: (h, w) bool, another object of the picture; empty when there is none.
        known: (h, w) bool, the pixels of which the truth is known.
        truth: (h, w) bool, the truth there.
        has_mask: whether the mask is the truth.
        is_part: whether only a box or a poor mask can ask for the object.
    """

    image: NDArray[np.uint8]
    mask: Mask
    other: Mask
    known: Mask
    truth: Mask
    has_mask: bool
    is_part: bool = False


def take_view(picture: Picture, number: int, size: tuple[int, int], rng: np.random.Generator) -> TrainingView:
    """Look at one object of a picture.

    Args:
        picture: the picture.
        number: of the target.
        size: (height, width) of the view.
        rng: the random stream.
    """
    mask, target = picture.mask(number), picture.targets[number]
    matrix = _matrix(mask, size, rng)
    inside = _warped(np.ones_like(mask), matrix, size)
    seen = _warped(mask, matrix, size) & inside
    others = [i for i in range(len(picture.targets)) if i != number and not picture.targets[i].points]
    other: Mask = np.zeros(size, dtype=bool)
    if others:
        other = _warped(picture.mask(others[rng.integers(len(others))]), matrix, size) & inside & ~seen
    known, truth = inside, seen
    if target.points:
        known, truth = _points(np.array(target.points), matrix, size)
    image = cv2.warpAffine(
        picture.image(), matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_GREY
    )
    recoloured = np.where(inside[..., None], _recoloured(np.asarray(image, np.uint8), rng), np.uint8(127))
    return TrainingView(recoloured, seen, other, known, truth, not target.points, target.is_part)


def _matrix(mask: Mask, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """(2, 3) from pixels of the picture to pixels of the view."""
    height, width = mask.shape
    y, x = np.nonzero(mask)
    box = (x.min(), y.min(), x.max() + 1, y.max() + 1) if len(x) else (0, 0, width, height)
    whole = min(size[0] / height, size[1] / width)
    if rng.random() < _WHOLE:
        scale = whole / (0.7 + 0.42 * rng.random())
        centre = np.array([width, height]) * (0.5 + 0.15 * (rng.random(2) - 0.5))
    else:
        share = math.exp(math.log(_LEAST_SHARE) * (1 - rng.random()))
        scale = share * min(size[1] / (box[2] - box[0]), size[0] / (box[3] - box[1]))
        scale = min(max(scale, whole / 1.05), 5.0)
        free = np.abs(np.array(size[::-1]) / scale - [box[2] - box[0], box[3] - box[1]]) / 2
        centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2 + (2 * rng.random(2) - 1) * 0.9 * free
    aspect = math.exp(0.3 * (rng.random() - 0.5))
    turn = 0.5 * (rng.random() - 0.5) * (rng.random() < 0.3)
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    linear = np.diag([scale * math.sqrt(aspect) * flip, scale / math.sqrt(aspect)]) @ turned
    offset = np.array(size[::-1]) / 2 - 0.5 - linear @ (centre - 0.5)
    return np.concatenate([linear, offset[:, None]], axis=1)


def _warped(mask: Mask, matrix: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    moved = cv2.warpAffine(mask.astype(np.float32), matrix, size[::-1], flags=cv2.INTER_LINEAR)
    return np.asarray(moved > 0.5)


def _points(points: NDArray[np.int64], matrix: NDArray[np.float64], size: tuple[int, int]) -> tuple[Mask, Mask]:
    """Which pixels of the view are known, and which of these are on the object."""
    xy = np.rint(points[:, :2] @ matrix[:, :2].T + matrix[:, 2]).astype(int)
    there = ((xy >= 0) & (xy < size[::-1])).all(axis=1)
    known, truth = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    known[xy[there, 1], xy[there, 0]] = True
    truth[xy[there, 1], xy[there, 0]] = points[there, 2] == 1
    return known, truth


def _recoloured(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    values = image.astype(np.float32)
    mean = values.mean()
    values = (values - mean) * np.float32(0.7 + 0.6 * rng.random()) + mean + np.float32(64 * (rng.random() - 0.5))
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * np.float32(0.5 + rng.random())
    values *= (1 + 0.2 * (rng.random(3) - 0.5)).astype(np.float32)
    if rng.random() < 0.04:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.15:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), 0.6 + 1.5 * rng.random()), dtype=np.float32)
    if rng.random() < 0.2:
        values = values + rng.normal(0, 10 * rng.random(), values.shape).astype(np.float32)
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)
