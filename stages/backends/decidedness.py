"""How decided a network is about a mask that it drew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.backends.propagator import Estimate

_CLAIMED = 0.05


def estimate(probability: NDArray[np.float32], presence: float = 1.0) -> Estimate:
    """The estimate of an object; empty, of no quality, where no pixel is likelier the object than not.

    Args:
        probability: (h, w) float32 in [0, 1].
        presence: the network's probability that the object is on the frame at all.

    Returns:
        Its quality is the mean of |2p - 1| where p exceeds 0.05, times the presence.

    >>> round(estimate(np.array([[0.9, 0.01]], np.float32), 0.5).quality, 6)
    0.4
    """
    if not (probability > 0.5).any():
        return Estimate(np.zeros_like(probability), 0.0)
    decided = float(np.abs(2 * probability[probability > _CLAIMED] - 1).mean())
    return Estimate(probability, presence * decided)
