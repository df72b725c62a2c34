"""Where a mask is in doubt: what a segmenter says otherwise when it is asked for the same object in other ways.

A verified point in the middle of such a place tells whether the mask or the other answer is right there.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.segmenter import Segmenter
from stages.refine.correcting import Mask, probes

_BOX_GROWTH = 0.1
_DEEPEST, _APART = 0.15, 0.06
"""Shares of √area: how far the depth of a place counts, and how far apart places are."""
_EDGE_PX = 3
"""So near the edge of the mask nobody can tell."""


def doubtful_places(segmenter: Segmenter, image: NDArray[np.uint8], mask: Mask, n_places: int) -> list[tuple[int, int]]:
    """Pixels (x, y) in the middle of what other answers add to a mask or leave out of it, the most doubtful first.

    Args:
        segmenter: the run's.
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, not empty.
        n_places: at most.
    """
    side = float(np.sqrt(mask.sum()))
    doubt = np.zeros(mask.shape, dtype=np.float32)
    for segment in segmenter.segment(image, other_prompts(mask)):
        for part in (segment.mask & ~mask, mask & ~segment.mask):
            doubt += np.minimum(_depth(part), _DEEPEST * side)
    doubt[np.where(mask, _depth(mask), _depth(~mask)) < _EDGE_PX] = 0
    places: list[tuple[int, int]] = []
    while len(places) < n_places and doubt.max() > 1:
        y, x = np.unravel_index(int(doubt.argmax()), doubt.shape)
        places.append((int(x), int(y)))
        cv2.circle(doubt, places[-1], max(4, round(_APART * side)), 0.0, -1)
    return places


def other_prompts(mask: Mask) -> list[Prompt]:
    """The object of a mask, asked for by one click, by several, by its box, and by both with the mask itself."""
    places = probes(mask, np.zeros((0, 2), dtype=np.float32))
    places = places if len(places) else np.argwhere(mask)[:1, ::-1].astype(np.float32)
    on = np.ones(len(places), dtype=np.int8)
    y, x = np.nonzero(mask)
    box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], dtype=np.float32)
    margin = _BOX_GROWTH * (box[2:] - box[:2])
    box += np.concatenate([-margin, margin])
    none = np.zeros((0, 2), dtype=np.float32), np.zeros(0, dtype=np.int8)
    return [
        Prompt("one", "clicks", places[:1], on[:1], places[:1]),
        Prompt("several", "clicks", places, on, places),
        Prompt("again", "clicks", places, on, places, mask=mask),
        Prompt("box", "box", *none, places[:1], box),
        Prompt("box again", "box", *none, places[:1], box, mask=mask),
    ]


def _depth(part: Mask) -> NDArray[np.float32]:
    padded = np.pad(part, 1).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1], dtype=np.float32)
