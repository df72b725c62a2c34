"""Measures of interactive segmentation: how good masks are after every round, and after so many seconds.

Sources: R-AUC-J&F, Vujasinović et al., "CiVOS: Revisiting Click-based Interactive Video Object Segmentation" (ICIP
2022). AUC-J&F and J&F@60s, Caelles et al., "The 2018 DAVIS Challenge on Video Object Segmentation" (arXiv 1803.00557).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

HORIZON_S = 60.0


def round_auc(scores: Sequence[float]) -> float:
    """R-AUC-J&F: the area under mean J&F over rounds, from nothing before the first one, as a share of n + 1 rounds.

    A perfect score over eight rounds is 0.944. Without rounds it is 0.

    >>> round(round_auc([1.0] * 8), 3)
    0.944
    """
    return (sum(scores) + 0.5 * scores[-1]) / (len(scores) + 1) if scores else 0.0


def score_at(scores: Sequence[float], ends_s: Sequence[float], at_s: float = HORIZON_S) -> float:
    """J&F after so many seconds of work: interpolated between rounds, 0 before all work, the last one after it.

    Args:
        scores: J&F after each round.
        ends_s: seconds of work until the end of each round, ascending.
        at_s: when to look.

    >>> score_at([0.5, 0.75], [2.0, 4.0], 3.0), score_at([0.5], [2.0], 1.0), score_at([0.5], [2.0])
    (0.625, 0.25, 0.5)
    """
    return float(np.interp(at_s, [0.0, *ends_s], [0.0, *scores]))


def time_auc(scores: Sequence[float], ends_s: Sequence[float], until_s: float = HORIZON_S) -> float:
    """AUC-J&F: the mean over the first ``until_s`` seconds of work of what :func:`score_at` says.

    >>> time_auc([0.5], [2.0], 4.0)
    0.375
    """
    times = sorted({0.0, until_s, *(end for end in ends_s if end < until_s)})
    return float(np.trapezoid([score_at(scores, ends_s, one) for one in times], times) / until_s)
