"""Agreement between annotators, raw and beyond chance, each with a bootstrap interval over tasks."""

from __future__ import annotations

import numpy as np

from stages.consensus.bootstrap import Estimate, Floats, estimate
from stages.consensus.votes import N_STATUSES, Votes


def percentage_agreement(votes: Votes) -> Estimate:
    """Chance that two annotators of a candidate say the same: mean over candidates that several answered."""
    pairs, group = _pair_sums(votes)
    return estimate(pairs, group, lambda sums: _ratio(sums[..., 0], sums[..., 1]))


def fleiss_kappa(votes: Votes) -> Estimate:
    """Fleiss' κ (Fleiss 1971) over all annotators; candidates may have different numbers of answers.

    Each candidate weighs the same: its agreement is the share of its pairs of answers that agree, and the chance
    distribution is the mean of the candidates' own shares of each status (Gwet 2014, section 2.3). Only candidates
    with two or more answers take part. NaN where everybody always says the same one thing.
    """
    pairs, group = _pair_sums(votes)
    return estimate(pairs, group, _fleiss)


def cohen_kappa(votes: Votes, one: str, other: str) -> Estimate:
    """Cohen's κ (Cohen 1960) of two annotators over the candidates that both answered.

    Raises:
        ValueError: unknown annotator.
    """
    a, b = votes.answers_of(one), votes.answers_of(other)
    both = (a >= 0) & (b >= 0)
    table = np.zeros((int(both.sum()), N_STATUSES * N_STATUSES))
    table[np.arange(len(table)), a[both] * N_STATUSES + b[both]] = 1.0
    return estimate(table, votes.group[both], _cohen)


def _pair_sums(votes: Votes) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """(I, 2 + 3): agreement, 1, and the share of each status, of every candidate with several answers."""
    counts = votes.counts()
    several = counts.sum(axis=1) >= 2
    counts = counts[several]
    n = counts.sum(axis=1, keepdims=True)
    agreement = (counts * (counts - 1)).sum(axis=1, keepdims=True) / (n * (n - 1))
    return np.concatenate([agreement, np.ones_like(agreement), counts / n], axis=1), votes.group[several]


def _fleiss(sums: Floats) -> Floats:
    observed, shares = _ratio(sums[..., 0], sums[..., 1]), _ratio(sums[..., 2:], sums[..., 1:2])
    return _beyond_chance(observed, (shares**2).sum(axis=-1))


def _cohen(sums: Floats) -> Floats:
    table = sums.reshape(*sums.shape[:-1], N_STATUSES, N_STATUSES)
    joint = _ratio(table, table.sum(axis=(-2, -1), keepdims=True))
    chance = (joint.sum(axis=-1) * joint.sum(axis=-2)).sum(axis=-1)
    return _beyond_chance(np.trace(joint, axis1=-2, axis2=-1), chance)


def _beyond_chance(observed: Floats, chance: Floats) -> Floats:
    return _ratio(observed - chance, np.where(chance > 1 - 1e-12, 0.0, 1 - chance))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """NaN where the whole is nothing."""
    safe = np.where(whole == 0, np.nan, whole)
    return np.asarray(part / safe, dtype=np.float64)
