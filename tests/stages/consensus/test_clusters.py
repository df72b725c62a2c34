from __future__ import annotations

import numpy as np
import pytest

from stages.consensus.clusters import ClusterSums
from stages.consensus.proportions import Proportion


def of(clusters):
    sums = ClusterSums()
    for part, whole in clusters:
        sums.add(part, whole)
    return sums.proportion()


def test_the_design_effect_is_the_variance_over_that_of_independent_draws():
    clusters = [(3, 8), (0, 6), (1, 8), (0, 7), (2, 4)]
    parts, wholes = np.array(clusters, dtype=float).T
    rate = parts.sum() / wholes.sum()
    variance = 5 / 4 * sum((p - rate * w) ** 2 for p, w in clusters) / wholes.sum() ** 2
    found = of(clusters)
    assert (found.part, found.whole) == (6, 33)
    assert found.design_effect == pytest.approx(variance / (rate * (1 - rate) / 33))


def test_clusters_that_are_all_one_thing_count_once_each():
    found = of([(7, 7), (0, 7), (0, 7), (7, 7)])
    assert found.design_effect == 7
    assert found.interval() == Proportion(2, 4).interval()


def test_without_spread_to_see_members_count_as_independent():
    for clusters in ([(2, 8)], [(0, 8), (0, 8)], [(8, 8), (8, 8)], [(2, 8), (0, 0)]):
        assert of(clusters).design_effect == 1.0
    assert of([]) == Proportion(0, 0)


def test_the_interval_holds_the_true_share_where_one_of_independent_draws_does_not():
    random = np.random.default_rng(0)
    plain, clustered = [], []
    for _ in range(1500):
        shares = random.beta(0.1 * 4, 0.9 * 4, 100)  # the members of a cluster correlate by 0.2
        found = of(zip(random.binomial(7, shares), [7] * 100, strict=True))
        for held, share in ((plain, Proportion(found.part, found.whole)), (clustered, found)):
            low, high = share.interval()
            held.append(low <= 0.1 <= high)
    assert np.mean(plain) < 0.85
    assert 0.93 < np.mean(clustered) < 0.97
