"""Masks that are about right, as a tracker leaves them: what the click network starts from in training."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.segmenter.prompt_maps import Map

Mask = NDArray[np.bool_]
_LOST, _TAKEN, _ELSEWHERE = 0.35, 0.35, 0.06
"""How often a tracker has lost a part of the object, took something else with it, and holds another object alone."""


def drifted_mask(mask: Mask, other: Mask, rng: np.random.Generator) -> Map:
    """(h, w) float32, 0 or 1: a mask that a person would correct, of a tracker that lost a part or took another thing.

    It is never empty where the object is seen.

    Args:
        mask: (h, w) bool, the object.
        other: (h, w) bool, another object of the picture; empty when there is none.
        rng: the random stream.
    """
    held, chance = mask, rng.random()
    if chance < _LOST:
        held = mask & _side(mask, rng)
    elif chance < _LOST + _TAKEN:
        held = mask | (other & _side(other, rng) if rng.random() < 0.6 else _neighbour(mask, rng))
    elif chance < _LOST + _TAKEN + _ELSEWHERE and other.any():
        held = other
    found = degraded_mask(held, other, rng) > 0.5
    return np.asarray(found if found.any() else held, dtype=np.float32)


def degraded_mask(mask: Mask, other: Mask, rng: np.random.Generator) -> Map:
    """(h, w) float32 in [0, 1]: a mask as a tracker leaves it: shifted, bent, blurred, with holes and with spills."""
    height, width = mask.shape
    side, badness = math.sqrt(np.count_nonzero(mask)), rng.random()
    begun = (mask | other if rng.random() < 0.08 else mask).astype(np.float32)
    found: Map = _bent(begun, side * badness, rng)
    sigma = max(0.6, 0.05 * side * rng.random())
    found = (cv2.GaussianBlur(found, (0, 0), sigma) > 0.5 + 0.7 * (rng.random() - 0.5)).astype(np.float32)
    if rng.random() < 0.45:
        found *= _waves(height, width, rng) < 0.9 + 1.2 * rng.random()
    if rng.random() < 0.4:
        reach = 2 * max(1, round(0.3 * side)) + 1
        near = cv2.blur(mask.astype(np.float32), (reach, reach)) > 0.01
        spills = near & (_waves(height, width, rng) > 0.9 + 1.2 * rng.random())
        found = np.where(spills, np.float32(1), found)
    if rng.random() < 0.4:
        found = np.asarray(cv2.GaussianBlur(found, (0, 0), 2.0), dtype=np.float32)
    spread = 1 - 0.3 * rng.random() * (rng.random() < 0.5)
    return np.asarray(0.5 + (found - 0.5) * np.float32(spread), dtype=np.float32)


def _side(mask: Mask, rng: np.random.Generator) -> Mask:
    """(h, w) bool: one side of a line through a pixel of the mask; everything where the mask is empty."""
    y, x = np.nonzero(mask)
    if not len(x):
        return ~mask
    place, angle = rng.integers(len(x)), 2 * math.pi * rng.random()
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    return np.asarray((columns - x[place]) * math.cos(angle) + (rows - y[place]) * math.sin(angle) >= 0)


def _neighbour(mask: Mask, rng: np.random.Generator) -> Mask:
    """(h, w) bool: an ellipse at the object's edge, as of a thing beside it; empty where the mask is."""
    y, x = np.nonzero(mask)
    drawn = np.zeros(mask.shape, dtype=np.uint8)
    if len(x):
        side, place = math.sqrt(len(x)), rng.integers(len(x))
        centre = np.array([x[place], y[place]]) + 0.6 * side * rng.normal(size=2)
        axes = np.maximum(side * (0.1 + 0.35 * rng.random(2)), 2).astype(int).tolist()
        cv2.ellipse(drawn, centre.astype(int).tolist(), axes, 180 * rng.random(), 0, 360, 1, -1)
    return drawn > 0


def _bent(mask: Map, amount_px: float, rng: np.random.Generator) -> Map:
    """Shifted and bent by up to some tenths of ``amount_px``."""
    height, width = mask.shape
    shift = 0.3 * amount_px * (rng.random(2) - 0.5) * (rng.random() < 0.5)
    x, y = (_waves(height, width, rng) * np.float32(0.1 * amount_px) + np.float32(v) for v in shift)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(cv2.remap(mask, columns + x, rows + y, cv2.INTER_LINEAR), dtype=np.float32)


def _waves(height: int, width: int, rng: np.random.Generator) -> Map:
    """(height, width) float32 noise of low frequency, about standard normal."""
    cells = int(rng.choice([4, 7, 12]))
    noise = rng.normal(size=(cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
