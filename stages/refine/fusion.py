"""A corrected mask and the one that was there, on a frame that the correction reaches.

Source: CiVOS (see :mod:`stages.refine.ranges`): the two are weighed by their distance in time, and where the
correction's own change is seen the new mask counts more. Here how good each of them is decides too: beside an older
annotation it alone, for the new one remembers those as well, and a correction whose object got lost on the way takes
nothing from a mask that held it. A part that only one of them holds stays, unless it is what the correction took away,
or only the mask that was there holds it and the corrected frame is so near that the new one cannot have lost it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]
_LEAST_QUALITY = 0.05
_STEEPNESS, _LEAD = 3.0, 3.0
"""Of the odds of the new mask in the ratio of the two qualities, and of their logarithm in the nearness."""
_PART, _THIN, _EXPLAINED = 0.015, 0.003, 0.3
"""A lost part counts from this share of the mask on, unless the correction's own change is seen in so much of it. A
thin one does not count: a square must fit into it that reaches this share of √(height · width) to each side."""


def share_of(nearness: float, new_quality: float, old_quality: float) -> float:
    """How much the new mask counts, in [0, 1].

    Args:
        nearness: in [0, 1], 1 on the corrected frame and 0 on the older annotation.
        new_quality: of the new mask, in [0, 1].
        old_quality: of the one that was there.

    >>> share_of(0.0, 0.8, 0.8), round(share_of(1.0, 0.8, 0.8), 2), round(share_of(1.0, 0.4, 0.8), 2)
    (0.5, 0.95, 0.72)
    """
    ratio = max(new_quality, _LEAST_QUALITY) / max(old_quality, _LEAST_QUALITY)
    odds = math.pow(ratio, _STEEPNESS) * math.exp(_LEAD * nearness)
    return odds / (1 + odds)


def fuse(new: Map, old: Map, share: float, change: Map, is_near: bool = False) -> Map:
    """Weigh two probability maps; neither an object that one of them sees nor a part of it is lost.

    Args:
        new: (h, w) float32 in [0, 1], propagated from the corrected frame.
        old: (h, w) float32 in [0, 1], what was there.
        share: in [0, 1], how much the new one counts.
        change: (h, w) float32 in [0, 1], where what the correction added or removed is seen on this frame.
        is_near: the corrected frame is near: what the new mask lacks, it did not lose on the way.

    >>> ones, none = np.ones((1, 2), np.float32), np.zeros((1, 2), np.float32)
    >>> fuse(ones, none, 0.25, np.array([[0.0, 1.0]], np.float32)).tolist()
    [[0.25, 0.75]]
    >>> fuse(ones, none, 0.25, none).tolist()  # what was there held nothing
    [[1.0, 1.0]]
    """
    weight = np.clip(share + 0.5 * change, 0, 1).astype(np.float32)
    fused: Map = weight * new + (1 - weight) * old
    if not (fused > 0.5).any():
        return new if share * new.max() >= (1 - share) * old.max() else old
    held = new > 0.5 if is_near else (new > 0.5) | (old > 0.5)
    return np.where(_lost_parts(fused > 0.5, held, change), np.maximum(new, old), fused)


def _lost_parts(mask: Mask, held: Mask, change: Map) -> Mask:
    """(h, w) bool, what is held and a fusion of masks lost; it is to stay.

    Trackers lose parts of an object more often than they add some.
    """
    half_px = max(1, round(_THIN * math.sqrt(mask.size)))
    lost, thin = (held & ~mask).astype(np.uint8), np.ones((2 * half_px + 1,) * 2, dtype=np.uint8)
    n_parts, numbers, facts, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(lost, cv2.MORPH_OPEN, thin))
    least = _PART * np.count_nonzero(mask)
    large = [part for part in range(1, n_parts) if facts[part, cv2.CC_STAT_AREA] >= least]
    kept = np.isin(numbers, [part for part in large if change[numbers == part].mean() < _EXPLAINED])
    return np.asarray((cv2.dilate(kept.astype(np.uint8), thin) > 0) & (lost > 0))


def without(old: Map, removed: Map) -> Map:
    """What was there without what a person said is not the object, where that is seen; for absent objects.

    >>> without(np.ones((1, 2), np.float32), np.array([[0.0, 1.0]], np.float32)).tolist()
    [[1.0, 0.0]]
    """
    left: Map = old * (1 - np.clip(removed, 0, 1))
    return left
