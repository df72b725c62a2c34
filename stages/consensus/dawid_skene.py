"""Consensus that weighs annotators by how reliable they are, and how reliable they are, from the answers alone.

The model of Dawid and Skene (1979): every candidate has a true status, every annotator a confusion matrix, and
answers are independent given the truth. Expectation maximisation finds both. A small Dirichlet prior keeps rates of
annotators with few answers off zero, so that one lone answer never overrules everybody.

The fit asks only how often each pattern of answers came, so a corpus is counted in pieces, and memory holds no more
than its patterns.

It needs three annotators on many candidates to tell who errs, and four for intervals that hold the true rates 19 times
in 20 (three: 17 to 18 times); of two it can say little more than the majority does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.points import STATUSES
from stages.consensus.proportions import Proportion
from stages.consensus.votes import N_STATUSES, Votes

SMOOTHING = 0.01
"""Prior answers in each cell of a confusion matrix and of the distribution of the truth."""

MAX_ROUNDS = 200
TOLERANCE = 1e-7
"""Largest change of a probability at which the rounds end."""

_TIE = 1e-6

Floats = NDArray[np.float64]


Pattern = tuple[tuple[str, int], ...]
"""(annotator, index into STATUSES) of all answers to a candidate, by annotator."""


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """How far annotators can be trusted.

    Attributes:
        annotators: A, sorted.
        prior: (3,) float64, share of each true status.
        confusion: (A, 3, 3) float64, [annotator, truth, answer], rows add to 1.
        n_rounds: rounds until it converged, MAX_ROUNDS when it did not.
    """

    annotators: tuple[str, ...]
    prior: Floats
    confusion: Floats
    n_rounds: int


@dataclass(frozen=True, slots=True, eq=False)
class Consensus:
    """What the answers come to.

    Attributes:
        votes: the answers.
        posteriors: (I, 3) float64, probability of each true status, rows add to 1.
        rates: of the annotators.
    """

    votes: Votes
    posteriors: Floats
    rates: Rates

    def statuses(self) -> dict[str, str]:
        """The most probable status by candidate id; a tie is AMBIGUOUS."""
        best = self.best().tolist()
        return {name: STATUSES[i] for name, i in zip(self.votes.candidate_ids.to_pylist(), best, strict=True)}

    def best(self) -> NDArray[np.int64]:
        """(I,) int64: the most probable status of each candidate, as an index into STATUSES; a tie is AMBIGUOUS."""
        best: NDArray[np.int64] = self.posteriors.argmax(axis=1)
        top = np.sort(self.posteriors, axis=1)
        best[top[:, -1] - top[:, -2] < _TIE] = STATUSES.index("AMBIGUOUS")
        return best

    def errors(self) -> dict[str, Proportion]:
        """By annotator: expected share of answers that differ from the truth, of so many answers as are known for sure.

        Where the truth is in doubt an answer tells less: with w the probability that an answer is wrong and p their
        mean, n answers are worth n − Σ w(1−w) / p(1−p) checked ones (the missing information, Louis 1982).
        """
        votes = self.votes
        wrong = np.clip(1.0 - self.posteriors[votes.candidate, votes.status], 0.0, 1.0)
        n = np.bincount(votes.annotator, minlength=len(votes.annotators))
        rate = np.bincount(votes.annotator, wrong, len(n)) / n
        doubt = np.bincount(votes.annotator, wrong * (1.0 - wrong), len(n))
        spread = rate * (1.0 - rate)
        known = np.maximum(n - np.divide(doubt, spread, out=np.zeros(len(n)), where=spread > 0), 0.0)
        parts = (rate * known).tolist()
        return {a: Proportion(p, w) for a, p, w in zip(votes.annotators, parts, known.tolist(), strict=True)}

    def agreement(self) -> dict[str, Proportion]:
        """By annotator: answers that are the consensus, of all of theirs."""
        same = self.best()[self.votes.candidate] == self.votes.status
        parts = np.bincount(self.votes.annotator, same, len(self.votes.annotators))
        wholes = np.bincount(self.votes.annotator, minlength=len(self.votes.annotators))
        return {n: Proportion(float(p), float(w)) for n, p, w in zip(self.votes.annotators, parts, wholes, strict=True)}


def dawid_skene(votes: Votes, smoothing: float = SMOOTHING) -> Consensus:
    """Fit the model to the answers and ask it what they come to.

    Raises:
        ValueError: there are no votes.
    """
    return consensus(votes, fit(patterns_of(votes), smoothing))


def patterns_of(votes: Votes) -> Counter[Pattern]:
    """How many candidates were answered in which way."""
    cell = votes.annotator * N_STATUSES + votes.status
    n_answers = np.bincount(votes.candidate, minlength=len(votes.candidate_ids))
    first = np.cumsum(n_answers) - n_answers
    found: Counter[Pattern] = Counter()
    for n in np.unique(n_answers).tolist():
        alike, times = np.unique(cell[first[n_answers == n][:, None] + np.arange(n)], axis=0, return_counts=True)
        for cells, count in zip(alike.tolist(), times.tolist(), strict=True):
            found[tuple((votes.annotators[c // N_STATUSES], c % N_STATUSES) for c in cells)] = count
    return found


def fit(patterns: Mapping[Pattern, int], smoothing: float = SMOOTHING) -> Rates:
    """Fit the model, beginning with each candidate's share of votes; deterministic, in whatever order patterns come.

    Args:
        patterns: how many candidates were answered in which way, at least one.
        smoothing: prior count of each cell; 0 is the plain model.

    Raises:
        ValueError: there are no votes.
    """
    if not patterns:
        raise ValueError("there are no votes")
    ordered = sorted(patterns)
    annotators = tuple(sorted({name for pattern in ordered for name, _ in pattern}))
    cases = _cases(ordered, annotators)
    weight = np.array([patterns[pattern] for pattern in ordered], dtype=np.float64)
    flat = np.bincount(cases.candidate * N_STATUSES + cases.status, minlength=len(ordered) * N_STATUSES)
    counts = flat.reshape(-1, N_STATUSES)
    posteriors = counts / counts.sum(axis=1, keepdims=True)
    n_rounds, change = 0, 1.0
    while change >= TOLERANCE and n_rounds < MAX_ROUNDS:
        prior, confusion = _rates(cases, posteriors * weight[:, None], len(annotators), smoothing)
        latest = _posteriors(cases, prior, confusion)
        change = float(np.abs(latest - posteriors).max())
        posteriors, n_rounds = latest, n_rounds + 1
    return Rates(annotators, prior, confusion, n_rounds)


def consensus(votes: Votes, rates: Rates) -> Consensus:
    """What the answers of a part of the corpus come to, given the rates of its annotators."""
    place = {name: i for i, name in enumerate(rates.annotators)}
    annotator = np.array([place[name] for name in votes.annotators], dtype=np.int64)[votes.annotator]
    cases = _Cases(votes.candidate, annotator, votes.status, len(votes.candidate_ids))
    return Consensus(votes, _posteriors(cases, rates.prior, rates.confusion), rates)


@dataclass(frozen=True, slots=True, eq=False)
class _Cases:
    """V answers to n candidates: (V,) int64 each, indices of the candidate, the annotator and the status."""

    candidate: NDArray[np.int64]
    annotator: NDArray[np.int64]
    status: NDArray[np.int64]
    n: int


def _cases(patterns: Sequence[Pattern], annotators: Sequence[str]) -> _Cases:
    place = {name: i for i, name in enumerate(annotators)}
    candidate = np.repeat(np.arange(len(patterns)), [len(pattern) for pattern in patterns])
    annotator = np.array([place[name] for pattern in patterns for name, _ in pattern], dtype=np.int64)
    status = np.array([status for pattern in patterns for _, status in pattern], dtype=np.int64)
    return _Cases(candidate, annotator, status, len(patterns))


def _rates(cases: _Cases, weighed: Floats, n_annotators: int, smoothing: float) -> tuple[Floats, Floats]:
    """The distribution of the truth (3,), and the confusion matrices (A, 3, 3), that fit best.

    Args:
        cases: the answers.
        weighed: (n, 3): the posteriors, times how often each pattern came.
        n_annotators: A.
        smoothing: prior count of each cell.
    """
    cells = cases.annotator * N_STATUSES + cases.status
    n_cells = n_annotators * N_STATUSES
    said = [np.bincount(cells, weighed[cases.candidate, truth], n_cells) for truth in range(N_STATUSES)]
    confusion = np.stack(said, axis=1).reshape(-1, N_STATUSES, N_STATUSES).transpose(0, 2, 1) + smoothing
    prior = weighed.sum(axis=0) + smoothing
    rows = confusion.sum(axis=2, keepdims=True)
    return prior / prior.sum(), np.divide(confusion, rows, out=np.full_like(confusion, 1 / N_STATUSES), where=rows > 0)


def _posteriors(cases: _Cases, prior: Floats, confusion: Floats) -> Floats:
    """(n, 3): the truth's probabilities given the rates; in logarithms, so that many votes do not underflow."""
    log = np.log(np.maximum(confusion, 1e-300))[cases.annotator, :, cases.status]
    scores = np.stack([np.bincount(cases.candidate, log[:, k], cases.n) for k in range(N_STATUSES)], axis=1)
    scores += np.log(np.maximum(prior, 1e-300))
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)
