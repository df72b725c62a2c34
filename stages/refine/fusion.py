"""A corrected mask and the one that was there, on a frame that the correction reaches.

Source: CiVOS (see :mod:`stages.refine.ranges`): the two are weighed by their distance in time, and where the
correction's own change is seen the new mask counts more. Here how good each of them is decides rather than the
distance: the new one remembers the older annotations too, so it may be better close to them, and a correction whose
object got lost on the way takes nothing from a mask that held it. Where one is a mere part of the other, the whole one
counts, unless what it holds more is what the correction took away.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
_LEAST_QUALITY = 0.05
_STEEPNESS = 3.0
"""Of the odds of the new mask in the ratio of the two qualities."""
_CONTAINED, _LARGER, _EXPLAINED = 0.75, 1.2, 0.3
"""A mask is a part of another that holds so much of it and so many times its area, unless the correction's own change
is seen in so much of what is missing."""


def share_of(nearness: float, new_quality: float, old_quality: float) -> float:
    """How much the new mask counts, in [0, 1].

    Args:
        nearness: in [0, 1], 1 on the corrected frame and 0 on the older annotation.
        new_quality: of the new mask, in [0, 1].
        old_quality: of the one that was there.

    >>> share_of(0.0, 0.8, 0.8), round(share_of(1.0, 0.8, 0.8), 2), round(share_of(1.0, 0.4, 0.8), 2)
    (0.5, 0.73, 0.25)
    """
    ratio = max(new_quality, _LEAST_QUALITY) / max(old_quality, _LEAST_QUALITY)
    odds = math.pow(ratio, _STEEPNESS) * math.exp(nearness)
    return odds / (1 + odds)


def fuse(new: Map, old: Map, share: float, change: Map) -> Map:
    """Weigh two probability maps; neither an object that one of them sees nor a part of it is lost.

    Args:
        new: (h, w) float32 in [0, 1], propagated from the corrected frame.
        old: (h, w) float32 in [0, 1], what was there.
        share: in [0, 1], how much the new one counts.
        change: (h, w) float32 in [0, 1], where what the correction added or removed is seen on this frame.

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
    whole = _whole(new, old, change)
    return fused if whole is None else np.maximum(fused, whole)


def _whole(new: Map, old: Map, change: Map) -> Map | None:
    """The map of which the other one lost a part, or None: trackers lose parts rather than they gain some."""
    part, whole = (new, old) if np.count_nonzero(new > 0.5) < np.count_nonzero(old > 0.5) else (old, new)
    inner, outer = part > 0.5, whole > 0.5
    n_inner, missing = np.count_nonzero(inner), outer & ~inner
    if np.count_nonzero(inner & outer) < _CONTAINED * n_inner or np.count_nonzero(outer) < _LARGER * n_inner:
        return None
    return None if change[missing].mean() > _EXPLAINED else whole


def without(old: Map, removed: Map) -> Map:
    """What was there without what a person said is not the object, where that is seen; for absent objects.

    >>> without(np.ones((1, 2), np.float32), np.array([[0.0, 1.0]], np.float32)).tolist()
    [[1.0, 0.0]]
    """
    left: Map = old * (1 - np.clip(removed, 0, 1))
    return left
