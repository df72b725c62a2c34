"""A corrected mask and the one that was there, on a frame between the correction and an older annotation.

Source: CiVOS (see :mod:`stages.refine.ranges`): the two are weighed by their distance in time, and where the
correction's own change is seen the new mask counts in full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]


def fuse(new: Map, old: Map, nearness: float, change: Map) -> Map:
    """Weigh two probability maps.

    Args:
        new: (h, w) float32 in [0, 1], propagated from the corrected frame.
        old: (h, w) float32 in [0, 1], what was there.
        nearness: in [0, 1], 1 on the corrected frame and 0 on the older annotation.
        change: (h, w) float32 in [0, 1], where what the correction added or removed is seen on this frame.

    >>> ones, none = np.ones((1, 2), np.float32), np.zeros((1, 2), np.float32)
    >>> fuse(ones, none, 0.25, np.array([[0.0, 1.0]], np.float32)).tolist()
    [[0.25, 0.75]]
    """
    weight = np.clip(nearness + 0.5 * change, 0, 1).astype(np.float32)
    fused: Map = weight * new + (1 - weight) * old
    return fused


def without(old: Map, removed: Map) -> Map:
    """What was there without what a person said is not the object, where that is seen; for absent objects.

    >>> without(np.ones((1, 2), np.float32), np.array([[0.0, 1.0]], np.float32)).tolist()
    [[1.0, 0.0]]
    """
    left: Map = old * (1 - np.clip(removed, 0, 1))
    return left
