"""The part of a frame in which two masks can differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def common_window(truth: NDArray[np.bool_], mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of the smallest window that holds both masks and one pixel around them.

    J and F of the two windows equal those of the whole frames: no pixel and no boundary pixel lies outside.

    Args:
        truth: (H, W) bool.
        mask: (H, W) bool.

    >>> common_window(np.eye(9, dtype=bool) & (np.arange(9) == 4), np.zeros((9, 9), dtype=bool))
    (slice(3, 6, None), slice(3, 6, None))
    """
    rows = _grown(truth, mask, 1)
    return rows, _grown(truth[rows], mask[rows], 0)


def _grown(truth: NDArray[np.bool_], mask: NDArray[np.bool_], over_axis: int) -> slice:
    occupied = np.logical_or(truth.any(axis=over_axis), mask.any(axis=over_axis))
    where = np.flatnonzero(occupied)
    return slice(max(int(where[0]) - 1, 0), min(int(where[-1]) + 2, len(occupied))) if where.size else slice(0, 1)
