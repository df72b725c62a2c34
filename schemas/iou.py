"""Intersection over union."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union of two bool masks of one shape; 1 when both are empty, since they agree.

    >>> iou(np.array([True, True, False]), np.array([False, True, False]))
    0.5
    >>> iou(np.zeros(3, dtype=bool), np.zeros(3, dtype=bool))
    1.0
    """
    union = int(np.count_nonzero(one | other))
    return int(np.count_nonzero(one & other)) / union if union else 1.0
