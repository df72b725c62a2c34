"""Intervals of statistics that are made of sums, by drawing whole tasks again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_DRAWS = 1000
_DRAWS_AT_ONCE = 50

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its 95 % interval; all NaN where it is not defined.

    Attributes:
        value: the statistic.
        low: lower end.
        high: upper end.
        n: candidates behind it.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return "–" if math.isnan(self.value) else f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f}, n = {self.n:,})"


def estimate(sums: Floats, group: NDArray[np.int64], statistic: Callable[[Floats], Floats], seed: int = 0) -> Estimate:
    """A statistic with its percentile bootstrap interval (Efron 1979), resampling groups (Field and Welsh 2007).

    Candidates of one task share the frame, the mask and the mood of the annotator; whole tasks are drawn, because
    drawing candidates one by one would take them as independent and give too narrow an interval.

    Args:
        sums: (I, S) float64, what each candidate adds to each of S sums.
        group: (I,) int64, the task of each candidate.
        statistic: (..., S) sums → (...) values.
        seed: of the draws: the same input gives the same interval.
    """
    if not len(sums):
        return Estimate(math.nan, math.nan, math.nan, 0)
    _, place = np.unique(group, return_inverse=True)
    n_groups = int(place.max()) + 1
    by_group = np.stack([np.bincount(place, column, n_groups) for column in sums.T], axis=1)
    value = float(statistic(by_group.sum(axis=0)))
    random = np.random.default_rng(seed)
    drawn = [statistic(_weights(random, n_groups) @ by_group) for _ in range(N_DRAWS // _DRAWS_AT_ONCE)]
    defined = np.concatenate(drawn)
    defined = defined[~np.isnan(defined)]
    if math.isnan(value) or not len(defined):
        return Estimate(math.nan, math.nan, math.nan, len(sums))
    low, high = np.quantile(defined, (0.025, 0.975))
    return Estimate(value, float(low), float(high), len(sums))


def _weights(random: np.random.Generator, n_groups: int) -> Floats:
    """(_DRAWS_AT_ONCE, G): how often each group is in each draw of as many groups as there are."""
    return random.multinomial(n_groups, np.full(n_groups, 1 / n_groups), _DRAWS_AT_ONCE).astype(np.float64)
