"""Evidence of one object on one view: cleaned seeds and a first cut by colour."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.backends.embedded.features.cues import Evidence, typical_seeds
from stages.backends.embedded.features.cuts import grab_cuts, keep_seeded, seed_window, trimap_of
from stages.backends.embedded.features.descriptors import Descriptors, View
from stages.resize import resize

Array = NDArray[Any]
ITERATIONS = 5
SEED_RADIUS = 3
CLICK_REACH = 65
"""How far an object may reach from a single click, in pixels at half the working size."""
STROKE_REACH = 30
BOX_SEEDS = 8


def gather(
    view: View,
    descriptors: Descriptors,
    support: Array,
    negatives: Array,
    box: Array | None = None,
    fence: Array | None = None,
) -> Evidence:
    """What a prompt says about one object.

    Args:
        view: the frame.
        descriptors: of the same view.
        support: (N, 2) positions on the object, x first, in pixels of the working image; may be empty with a box.
        negatives: (M, 2) positions off it.
        box: (4,) xyxy that holds the object, or None.
        fence: (4,) xyxy outside which the object surely is not, or None.
    """
    seeds = typical_seeds(support, descriptors) if len(support) else support
    h, w = view.image.shape[0] // 2, view.image.shape[1] // 2
    half = resize(view.image, (h, w), cv2.INTER_AREA)
    window = _window(seeds / 2, box, fence, h, w)
    trimap = trimap_of((h, w), window, seeds / 2, negatives / 2, SEED_RADIUS)
    (final,) = grab_cuts(half, trimap, (ITERATIONS,))
    if len(seeds):
        final = keep_seeded(final, seeds / 2)
    if box is not None:
        seeds = np.concatenate([seeds, 2.0 * deep_points(final, window)])
    cut = resize(final.astype(np.uint8), view.image.shape, cv2.INTER_NEAREST)
    return Evidence(seeds, box, cut.astype(bool))


def _window(seeds: Array, box: Array | None, fence: Array | None, h: int, w: int) -> Array:
    limit = np.array([0, 0, w, h])
    if fence is not None:
        limit = np.concatenate([np.maximum(limit[:2], fence[:2] / 2), np.minimum(limit[2:], fence[2:] / 2)])
    if box is None:
        single = len(seeds) == 1
        box = 2 * seed_window(seeds, CLICK_REACH if single else STROKE_REACH, 0.0 if single else 0.35, h, w)
    window = np.concatenate([np.maximum(np.floor(box[:2] / 2), limit[:2]), np.minimum(np.ceil(box[2:] / 2), limit[2:])])
    bounded: Array = window.astype(np.int64)
    return bounded


def deep_points(mask: NDArray[np.bool_], window: Array) -> Array:
    """Up to 8 points deep inside a mask, x first: the deepest, then again with its disc taken away.

    The window's middle when the mask is empty.
    """
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    points: list[tuple[int, int]] = []
    while len(points) < BOX_SEEDS and depth.max() >= 1:
        y, x = (int(v) for v in np.unravel_index(depth.argmax(), depth.shape))
        points.append((x, y))
        cv2.circle(depth, (x, y), int(0.8 * depth[y, x]) + 3, 0.0, -1)
    if not points:
        points = [((int(window[0]) + int(window[2])) // 2, (int(window[1]) + int(window[3])) // 2)]
    return np.array(points, dtype=np.float64)
