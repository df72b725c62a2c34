"""GrabCut on a small image, asked by seeds and a window. All coordinates are pixels of that small image.

Source: Rother, Kolmogorov and Blake, GrabCut, 2004, as implemented by OpenCV.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]
FLAT = 0.9
"""Where one colour alone has this share of the pixels that are to be cut, cutting takes minutes."""
SURE_BG, SURE_FG, MAYBE_BG, MAYBE_FG = cv2.GC_BGD, cv2.GC_FGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD


def seed_window(seeds: Array, pad: float, grow: float, height: int, width: int) -> Array:
    """The seeds' bounding box grown by ``max(grow * extent, pad)`` on each side, clipped: (4,) int64 xyxy, half-open.

    >>> seed_window(np.array([[10, 10], [30, 10]]), 5, 0.5, 40, 60).tolist()
    [0, 5, 41, 16]
    """
    low, high = seeds.min(axis=0), seeds.max(axis=0)
    margin = np.maximum(grow * (high - low), pad)
    xyxy = np.concatenate([low - margin, high + margin + 1])
    clipped: Array = np.clip(np.round(xyxy), 0, [width, height, width, height]).astype(np.int64)
    return clipped


def trimap_of(shape: tuple[int, int], window: Array, seeds: Array, negatives: Array, radius: int) -> NDArray[np.uint8]:
    """Probable object in the window, background outside; discs around seeds and negatives are sure."""
    trimap = np.full(shape, SURE_BG, dtype=np.uint8)
    x0, y0, x1, y1 = (int(v) for v in window)
    trimap[y0:y1, x0:x1] = MAYBE_FG
    for value, points in ((SURE_FG, seeds), (SURE_BG, negatives)):
        for x, y in np.round(points).astype(int).tolist():
            cv2.circle(trimap, (x, y), radius, int(value), -1)
    return trimap


def grab_cuts(image: NDArray[np.uint8], trimap: NDArray[np.uint8], rounds: Sequence[int]) -> list[Mask]:
    """Cut, look, cut on: how alike successive cuts are says how stable they are.

    Args:
        image: (h, w, 3) uint8.
        trimap: (h, w) uint8 of GC_* values.
        rounds: iterations until each look; ``(4, 1)`` looks after four and after five.

    Returns:
        One mask a look; the trimap's own object when it has only one class.
    """
    is_object = np.isin(trimap, (SURE_FG, MAYBE_FG))
    if is_object.all() or not is_object.any():
        return [is_object] * len(rounds)
    image = _grained(image) if _is_flat(image[np.isin(trimap, (MAYBE_BG, MAYBE_FG))]) else image
    labels, ground, thing = trimap.copy(), np.zeros((1, 65)), np.zeros((1, 65))
    whole = (0, 0, image.shape[1], image.shape[0])  # asked for, but not used with a trimap
    cv2.setRNGSeed(0)  # of this thread only
    masks = []
    for index, iterations in enumerate(rounds):
        mode = cv2.GC_EVAL if index else cv2.GC_INIT_WITH_MASK
        cv2.grabCut(image, labels, whole, ground, thing, iterations, mode)
        masks.append(np.isin(labels, (SURE_FG, MAYBE_FG)))
    return masks


def _is_flat(pixels: NDArray[np.uint8]) -> bool:
    """Whether one colour has nearly all of the (N, 3) pixels."""
    commonest = [int(np.bincount(channel, minlength=1).argmax()) for channel in pixels.T]
    return bool(len(pixels)) and float((pixels == commonest).all(axis=1).mean()) >= FLAT


def _grained(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image with noise of one grey level, always the same.

    Over a plain of one colour, the cut would push a vanishing flow from every pixel to the plain's far border.
    """
    grain = np.random.default_rng(0).integers(-1, 2, image.shape, dtype=np.int16)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def keep_seeded(mask: Mask, seeds: Array) -> Mask:
    """The 8-connected components that hold a seed; the whole mask when none does.

    >>> keep_seeded(np.array([[1, 0, 1]], dtype=bool), np.array([[2, 0]])).astype(int).tolist()
    [[0, 0, 1]]
    """
    _, components = cv2.connectedComponents(mask.astype(np.uint8))
    x, y = np.round(seeds).astype(int).reshape(-1, 2).T
    kept = np.unique(components[np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)])
    kept = kept[kept > 0]
    return np.isin(components, kept) if len(kept) else mask
