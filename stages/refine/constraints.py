"""Verified points are constraints: in the end each agrees with its mask, or its frame is flagged."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

VerifiedPoint = tuple[int, int, int]
"""(x, y, label) pixel index; label 1 on the object, 0 off it."""
ENOUGH = 6
"""So many points that were asked where a mask was in doubt confirm it, when no point contradicts it."""
_ALL_WRONG = 2
"""So many points inside a mask, where it is surest, that are all off the object: the object is not there."""


def disagreements(points: Iterable[VerifiedPoint], mask: NDArray[np.bool_] | None) -> list[VerifiedPoint]:
    """The points that contradict a mask; None is the mask of an absent object.

    >>> disagreements([(0, 0, 1), (1, 0, 1), (0, 1, 0)], np.array([[True, False], [False, False]]))
    [(1, 0, 1)]
    """
    return [point for point in points if (mask is not None and bool(mask[point[1], point[0]])) != bool(point[2])]


def is_verified(
    points: Iterable[VerifiedPoint], in_doubt: Collection[tuple[int, int]], mask: NDArray[np.bool_] | None
) -> bool:
    """Whether enough points say that a mask is right, and none that it is wrong.

    Args:
        points: verified.
        in_doubt: pixels of those that were asked where the mask was in doubt; others lie where most masks are right.
        mask: (H, W) bool, or None for an absent object.
    """
    return len(in_doubt) >= ENOUGH and not disagreements(points, mask)


def is_elsewhere(
    points: Iterable[VerifiedPoint], in_doubt: Collection[tuple[int, int]], mask: NDArray[np.bool_]
) -> bool:
    """Whether all that is known speaks against a mask: no point is on the object, not even where the mask is surest.

    Args:
        points: verified.
        in_doubt: pixels of those that were asked where the mask was in doubt, which may well all be wrong.
        mask: (H, W) bool.

    >>> points, mask = [(0, 0, 0), (1, 0, 0), (2, 0, 0)], np.ones((1, 3), dtype=bool)
    >>> is_elsewhere(points, [(0, 0)], mask), is_elsewhere(points, [(0, 0), (1, 0)], mask)
    (True, False)
    """
    known = list(points)
    sure = [(x, y) for x, y, _ in known if mask[y, x] and (x, y) not in in_doubt]
    return len(sure) >= _ALL_WRONG and not any(label for _, _, label in known)
