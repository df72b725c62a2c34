"""Where a mask is in doubt: what a segmenter says otherwise when it is asked for the same object in other ways.

A verified point in the middle of such a place tells whether the mask or the other answer is right there. Where all
answers agree, a little doubt is left in the mask and around it: they may all miss the same part. How deep a place lies
in what an answer says otherwise counts, and how sure the answer is there.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.segmenter import Segmenter
from stages.refine.correcting import Mask, probes
from stages.refine.point_classifier import ObjectLikelihood

_BOX_GROWTH = 0.1
_DEEPEST, _TOLD, _TOLD_UNSEEN = 0.15, 0.1, 0.3
"""Shares of √area: how far the depth of a place counts, and how far around it an answer tells what is there; farther
where all answers agree, so that questions are spread there rather than lined up along the edge."""
_LEAST_TOLD_PX = 3.0
_UNSEEN, _AROUND, _NO_DOUBT = 0.1, 0.6, 1e-4
"""Doubt next to the mask where all answers agree, the share of √area from the mask up to which there is any, half as
much there, and the least doubt that is asked about. An answer that says otherwise adds up to 2."""
_ALIKE = 3.0
"""At full trust the likelihood counts as this many answers: the five answers often miss the same parts, it does not."""
_EDGE_PX = 3
"""So near the edge of the mask nobody can tell."""


def doubtful_places(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    mask: Mask,
    n_places: int,
    likelihood: ObjectLikelihood | None = None,
) -> list[tuple[int, int]]:
    """Pixels (x, y) in the middle of what other answers add to a mask or leave out of it, the most doubtful first.

    Args:
        segmenter: the run's.
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, not empty.
        n_places: at most.
        likelihood: how much each pixel looks like the object, where verified points tell; what looks otherwise than the
            mask says is in doubt too, whatever the segmenter says.
    """
    side = float(np.sqrt(mask.sum()))
    inside, outside = _depth(mask), cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    around = np.where(outside < _AROUND * side, 1 - outside / (2 * _AROUND * side), 0)
    unseen = (_UNSEEN * np.where(mask, 0.5, around)).astype(np.float32)
    doubt = np.zeros_like(unseen)
    segments = segmenter.segment(image, [replace(one, is_soft=True) for one in other_prompts(mask)])
    opinions = [(1.0, segment.soft(), segment.mask) for segment in segments]
    if likelihood is not None:
        alike = np.where(mask | (around > 0), likelihood.probability, 0)
        opinions.append((_ALIKE * likelihood.trust, alike, alike > 0.5))
    for weight, probability, other in opinions:
        doubt += np.float32(weight) * np.abs(probability - mask)
        for part in (other & ~mask, mask & ~other):
            doubt += np.float32(weight) * np.minimum(_depth(part) / np.float32(_DEEPEST * side), 1)
    at_edge = np.where(mask, inside, outside) < _EDGE_PX
    doubt[at_edge] = unseen[at_edge] = 0
    places: list[tuple[int, int]] = []
    while len(places) < n_places and (doubt + unseen).max() > _NO_DOUBT:
        y, x = np.unravel_index(int((doubt + unseen).argmax()), doubt.shape)
        places.append((int(x), int(y)))
        _lower(doubt, *places[-1], max(_LEAST_TOLD_PX, _TOLD * side))
        _lower(unseen, *places[-1], max(_LEAST_TOLD_PX, _TOLD_UNSEEN * side))
    return places


def _lower(doubt: NDArray[np.float32], x: int, y: int, reach: float) -> None:
    """Leave less doubt around a place that is asked about, none at the place itself and most of it ``reach`` away."""
    far = int(3 * reach) + 1
    rows, columns = slice(max(0, y - far), y + far + 1), slice(max(0, x - far), x + far + 1)
    part = doubt[rows, columns]
    down, right = np.ogrid[: part.shape[0], : part.shape[1]]
    square = (down + rows.start - y) ** 2 + (right + columns.start - x) ** 2
    part *= 1 - np.exp(-square / (2 * reach**2))


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
