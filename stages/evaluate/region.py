"""Region similarity J: how much two masks share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def jaccard(truth: NDArray[np.bool_], mask: NDArray[np.bool_]) -> float:
    """Intersection over union; two empty masks agree fully.

    Args:
        truth: (H, W) bool.
        mask: (H, W) bool.

    Source: Perazzi et al., A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation, 2016.

    >>> jaccard(np.array([[True, True, False]]), np.array([[False, True, True]])) == 1 / 3
    True
    """
    shared = np.count_nonzero(truth & mask)
    union = np.count_nonzero(truth) + np.count_nonzero(mask) - shared
    return shared / union if union else 1.0
