"""Consensus that weighs annotators by how reliable they are, and how reliable they are, from the answers alone.

The model of Dawid and Skene (1979): every candidate has a true status, every annotator a confusion matrix, and
answers are independent given the truth. Expectation maximisation finds both. A small Dirichlet prior keeps rates of
annotators with few answers off zero, so that one lone answer never overrules everybody.

It needs three annotators on many candidates to tell who errs, and four for intervals that hold the true rates 19 times
in 20 (three: 17 to 18 times); of two it can say little more than the majority does.
"""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True, eq=False)
class Consensus:
    """What the answers come to.

    Attributes:
        votes: the answers.
        posteriors: (I, 3) float64, probability of each true status, rows add to 1.
        prior: (3,) float64, share of each true status.
        confusion: (A, 3, 3) float64, [annotator, truth, answer], rows add to 1.
        n_rounds: rounds until it settled, MAX_ROUNDS when it did not.
    """

    votes: Votes
    posteriors: Floats
    prior: Floats
    confusion: Floats
    n_rounds: int

    def statuses(self) -> dict[str, str]:
        """The most probable status by candidate id; a tie is AMBIGUOUS."""
        best = self.posteriors.argmax(axis=1)
        top = np.sort(self.posteriors, axis=1)
        best[top[:, -1] - top[:, -2] < _TIE] = STATUSES.index("AMBIGUOUS")
        return {name: STATUSES[i] for name, i in zip(self.votes.candidate_ids, best.tolist(), strict=True)}

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
        final = self.statuses()
        statuses = np.array([STATUSES.index(final[name]) for name in self.votes.candidate_ids])
        same = statuses[self.votes.candidate] == self.votes.status
        parts = np.bincount(self.votes.annotator, same, len(self.votes.annotators))
        wholes = np.bincount(self.votes.annotator, minlength=len(self.votes.annotators))
        return {n: Proportion(float(p), float(w)) for n, p, w in zip(self.votes.annotators, parts, wholes, strict=True)}


def dawid_skene(votes: Votes, smoothing: float = SMOOTHING) -> Consensus:
    """Fit the model, beginning with each candidate's share of votes; deterministic.

    Args:
        votes: the answers, at least one.
        smoothing: prior count of each cell; 0 is the plain model.

    Raises:
        ValueError: there are no votes.
    """
    if not len(votes.candidate):
        raise ValueError("no votes, no consensus")
    counts = votes.counts()
    posteriors = counts / counts.sum(axis=1, keepdims=True)
    n_rounds, change = 0, 1.0
    while change >= TOLERANCE and n_rounds < MAX_ROUNDS:
        prior, confusion = _rates(votes, posteriors, smoothing)
        settled = _beliefs(votes, prior, confusion)
        change = float(np.abs(settled - posteriors).max())
        posteriors, n_rounds = settled, n_rounds + 1
    return Consensus(votes, posteriors, prior, confusion, n_rounds)


def _rates(votes: Votes, posteriors: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """The distribution of the truth (3,), and the confusion matrices (A, 3, 3), that fit the posteriors best."""
    cells = votes.annotator * N_STATUSES + votes.status
    n_cells = len(votes.annotators) * N_STATUSES
    said = [np.bincount(cells, posteriors[votes.candidate, truth], n_cells) for truth in range(N_STATUSES)]
    confusion = np.stack(said, axis=1).reshape(-1, N_STATUSES, N_STATUSES).transpose(0, 2, 1) + smoothing
    prior = posteriors.sum(axis=0) + smoothing
    rows = confusion.sum(axis=2, keepdims=True)
    return prior / prior.sum(), np.divide(confusion, rows, out=np.full_like(confusion, 1 / N_STATUSES), where=rows > 0)


def _beliefs(votes: Votes, prior: Floats, confusion: Floats) -> Floats:
    """(I, 3): the truth's probabilities given the rates; in logarithms, so that many votes do not underflow."""
    log = np.log(np.maximum(confusion, 1e-300))[votes.annotator, :, votes.status]
    n = len(votes.candidate_ids)
    scores = np.stack([np.bincount(votes.candidate, log[:, k], n) for k in range(N_STATUSES)], axis=1)
    scores += np.log(np.maximum(prior, 1e-300))
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)
