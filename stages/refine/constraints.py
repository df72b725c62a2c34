"""Verified points are constraints: in the end each agrees with its mask, or its frame is flagged."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

VerifiedPoint = tuple[int, int, int]
"""(x, y, label) pixel index; label 1 on the object, 0 off it."""


def disagreements(points: Iterable[VerifiedPoint], mask: NDArray[np.bool_] | None) -> list[VerifiedPoint]:
    """The points that contradict a mask; None is the mask of an absent object.

    >>> disagreements([(0, 0, 1), (1, 0, 1), (0, 1, 0)], np.array([[True, False], [False, False]]))
    [(1, 0, 1)]
    """
    return [point for point in points if (mask is not None and bool(mask[point[1], point[0]])) != bool(point[2])]
