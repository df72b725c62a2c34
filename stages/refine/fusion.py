"""A corrected mask and the one that was there, on a frame between the correction and an older annotation.

Source: CiVOS (see :mod:`stages.refine.ranges`): the two are weighed by their distance in time, and where the
correction's own change is seen the new mask counts more. Here the distance is weighed by how good each of them is, so
that a correction whose object got lost on the way takes nothing from a mask that held it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
_LEAST_QUALITY = 0.05


def share_of(nearness: float, new_quality: float, old_quality: float) -> float:
    """How much the new mask counts, in [0, 1].

    Args:
        nearness: in [0, 1], 1 on the corrected frame and 0 on the older annotation.
        new_quality: of the new mask, in [0, 1].
        old_quality: of the one that was there.

    >>> share_of(0.5, 0.8, 0.8), round(share_of(0.5, 0.0, 0.95), 3), share_of(1.0, 0.1, 0.9)
    (0.5, 0.05, 1.0)
    """
    new = nearness * max(new_quality, _LEAST_QUALITY)
    old = (1 - nearness) * max(old_quality, _LEAST_QUALITY)
    return new / (new + old)


def fuse(new: Map, old: Map, share: float, change: Map) -> Map:
    """Weigh two probability maps; an object that one of them sees is not lost.

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
    return fused


def without(old: Map, removed: Map) -> Map:
    """What was there without what a person said is not the object, where that is seen; for absent objects.

    >>> without(np.ones((1, 2), np.float32), np.array([[0.0, 1.0]], np.float32)).tolist()
    [[1.0, 0.0]]
    """
    left: Map = old * (1 - np.clip(removed, 0, 1))
    return left
