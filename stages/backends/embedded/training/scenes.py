"""Training scenes: a picture and the mask of one object in it, made from outlined objects by chance.

Half of the scenes show an object where it was filmed, cropped and recoloured; in most others it is cut out and
pasted, turned and scaled, onto another picture; in the rest a drawn blob takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.training.outlines import Outlined
from stages.resize import resize

Array = NDArray[Any]
HEIGHT, WIDTH = 480, 854
MIN_AREA, MAX_AREA = 0.002, 0.45
"""Shares of the picture that an object may cover."""
TRIES = 20


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A (480, 854, 3) uint8 RGB image and the (480, 854) bool mask of one object in it."""

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def make_scene(outlined: Sequence[Outlined], rng: np.random.Generator) -> Scene:
    """One scene; the object covers between 0.2 % and 45 % of it.

    Raises:
        ValueError: chance found no such scene in 20 tries, which needs pictures without any room.
    """
    for _ in range(TRIES):
        thing = outlined[int(rng.integers(len(outlined)))]
        draw = rng.random()
        scene = _in_place(thing, rng) if draw < 0.5 else _pasted(thing, outlined, rng, blob=draw > 0.88)
        if MIN_AREA < scene.mask.mean() < MAX_AREA:
            return Scene(_recoloured(scene.image, rng), scene.mask)
    raise ValueError("no scene found in which the object has a fit size")


def _in_place(thing: Outlined, rng: np.random.Generator) -> Scene:
    height, width = thing.mask.shape
    share = float(np.exp(rng.uniform(np.log(0.35), 0.0)))
    crop_w = min(width, int(share * width))
    crop_h = min(height, int(crop_w * HEIGHT / WIDTH))
    y, x = np.argwhere(thing.mask)[rng.integers(int(thing.mask.sum()))]
    left = int(np.clip(x - rng.uniform(0.25, 0.75) * crop_w, 0, width - crop_w))
    top = int(np.clip(y - rng.uniform(0.25, 0.75) * crop_h, 0, height - crop_h))
    area = np.s_[top : top + crop_h, left : left + crop_w]
    return _flipped(_fitted(thing.image[area]), _fitted(thing.mask[area].astype(np.float32)) > 0.5, rng)


def _pasted(thing: Outlined, outlined: Sequence[Outlined], rng: np.random.Generator, blob: bool) -> Scene:
    others = [other for other in outlined if other.picture != thing.picture] or list(outlined)
    ground = _fitted(_random_crop(others[int(rng.integers(len(others)))].image, rng))
    alpha = _blob(thing.mask.shape, rng) if blob else thing.mask.astype(np.float32)
    matrix = _placement(alpha, rng)
    size = (WIDTH, HEIGHT)
    picture = cv2.warpAffine(thing.image, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    cover = cv2.warpAffine(alpha, matrix, size, flags=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.6, 1.6))[..., None]
    mixed = soft * _recoloured(np.asarray(picture, dtype=np.uint8), rng) + (1 - soft) * ground
    return _flipped(np.rint(mixed).astype(np.uint8), np.asarray(cover > 0.5), rng)


def _placement(alpha: Array, rng: np.random.Generator) -> Array:
    """A (2, 3) affine map that puts the object, at a random size and angle, somewhere in the scene."""
    y, x = np.nonzero(alpha > 0.5)
    centre = (float(x.mean()), float(y.mean()))
    area = float(np.exp(rng.uniform(np.log(0.004), np.log(0.25)))) * HEIGHT * WIDTH
    scale = float(np.sqrt(area / max(len(x), 1)))
    matrix: Array = cv2.getRotationMatrix2D(centre, rng.uniform(-25, 25), scale)
    target = np.array([rng.uniform(0.15, 0.85) * WIDTH, rng.uniform(0.2, 0.85) * HEIGHT])
    matrix[:, 2] += target - centre
    return matrix


def _blob(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """A round shape with a wavy edge, in the middle of the picture."""
    height, width = shape
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    waves = sum(rng.uniform(0, 0.3) / k * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) for k in range(1, 6))
    radius = 0.3 * min(height, width) * (1 + waves)
    stretch = np.array([rng.uniform(0.5, 1.4), rng.uniform(0.5, 1.4)])
    edge = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius[:, None] * stretch
    corners = np.rint(edge + np.array([width, height]) / 2).astype(np.int32)
    return np.asarray(cv2.fillPoly(np.zeros(shape, np.uint8), [corners], (1,)), dtype=np.float32)


def _random_crop(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    crop_w = int(width * rng.uniform(0.5, 1.0))
    crop_h = min(height, int(crop_w * HEIGHT / WIDTH))
    left, top = int(rng.integers(width - crop_w + 1)), int(rng.integers(height - crop_h + 1))
    return image[top : top + crop_h, left : left + crop_w]


def _fitted(values: Array) -> Array:
    shrinks = values.shape[0] > HEIGHT
    return resize(values, (HEIGHT, WIDTH), cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def _flipped(image: Array, mask: Array, rng: np.random.Generator) -> Scene:
    step = -1 if rng.random() < 0.5 else 1
    return Scene(np.ascontiguousarray(image[:, ::step]), np.ascontiguousarray(mask[:, ::step]))


def _recoloured(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Random gamma, gain a channel, saturation and grain."""
    values = (image.astype(np.float32) / 255.0) ** rng.uniform(0.7, 1.4) * rng.uniform(0.85, 1.15, 3)
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * rng.uniform(0.5, 1.5)
    values += rng.standard_normal(image.shape, dtype=np.float32) * rng.uniform(0.0, 0.02)
    return np.asarray(np.rint(values.clip(0, 1) * 255), dtype=np.uint8)
