from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest

from schemas.points import STATUSES
from stages.consensus.dawid_skene import MAX_ROUNDS, dawid_skene
from stages.consensus.votes import Votes

RATES = {"al": 0.03, "bo": 0.1, "cy": 0.25, "di": 0.45}


def slow_dawid_skene(verdicts, n_rounds, smoothing):
    """The paper's two steps, with loops and without logarithms."""
    said = defaultdict(dict)
    for v in verdicts:
        said[v.candidate_id][v.annotator] = STATUSES.index(v.status)
    people = sorted({v.annotator for v in verdicts})
    posteriors = {c: [sum(s == k for s in votes.values()) / len(votes) for k in range(3)] for c, votes in said.items()}
    for _ in range(n_rounds):
        prior = [sum(b[k] for b in posteriors.values()) + smoothing for k in range(3)]
        prior = [p / sum(prior) for p in prior]
        confusion = {a: np.full((3, 3), smoothing) for a in people}
        for c, votes in said.items():
            for a, s in votes.items():
                for k in range(3):
                    confusion[a][k, s] += posteriors[c][k]
        for a in people:
            confusion[a] /= confusion[a].sum(axis=1, keepdims=True)
        for c, votes in said.items():
            odds = [prior[k] * np.prod([confusion[a][k, s] for a, s in votes.items()]) for k in range(3)]
            posteriors[c] = [o / sum(odds) for o in odds]
    return posteriors, confusion


def test_it_is_the_papers_algorithm(crowd):
    _, verdicts = crowd(RATES, 60, share=0.8)
    found = dawid_skene(Votes.of(verdicts))
    posteriors, _ = slow_dawid_skene(verdicts, found.rates.n_rounds, 0.01)
    expected = np.array([posteriors[c] for c in found.votes.candidate_ids.to_pylist()])
    np.testing.assert_allclose(found.posteriors, expected, atol=1e-9)
    assert found.rates.n_rounds < MAX_ROUNDS
    np.testing.assert_allclose(found.rates.confusion.sum(axis=2), 1.0)


def test_planted_error_rates_lie_in_their_intervals_and_the_consensus_beats_the_majority(crowd):
    inside, gains = [], []
    for seed in range(10):
        truth, verdicts = crowd(RATES, 600, seed)
        votes = Votes.of(verdicts)
        found = dawid_skene(votes)
        for name, error in found.errors().items():
            low, high = error.interval()
            inside.append(low <= RATES[name] <= high)
        consensus = found.statuses()
        majority = dict(zip(votes.candidate_ids.to_pylist(), votes.counts().argmax(axis=1).tolist(), strict=True))
        gains.append(sum((consensus[c] == t) - (STATUSES[majority[c]] == t) for c, t in truth.items()))
    assert np.mean(inside) >= 0.9
    assert min(gains) >= 0
    assert np.mean(gains) > 6


def test_the_confusion_of_someone_who_takes_doubt_for_rejection_is_found(crowd):
    truth, verdicts = crowd({"al": 0.03, "bo": 0.03, "cy": 0.03}, 800)
    confused = [
        type(v)(**{**{n: getattr(v, n) for n in v.__dataclass_fields__}, "status": "REJECTED"})
        if v.annotator == "cy" and truth[v.candidate_id] == "AMBIGUOUS"
        else v
        for v in verdicts
    ]
    found = dawid_skene(Votes.of(confused))
    matrix = found.rates.confusion[found.votes.annotators.index("cy")]
    assert matrix[STATUSES.index("AMBIGUOUS"), STATUSES.index("REJECTED")] > 0.9
    assert matrix[STATUSES.index("ACCEPTED"), STATUSES.index("ACCEPTED")] > 0.9


def test_the_order_of_verdicts_does_not_matter(crowd):
    _, verdicts = crowd(RATES, 40)
    first = dawid_skene(Votes.of(verdicts))
    random.Random(1).shuffle(verdicts)
    assert dawid_skene(Votes.of(verdicts)).posteriors.tobytes() == first.posteriors.tobytes()


def test_lone_answers_stand_and_two_that_differ_by_chance_alone_are_ambiguous(verdict):
    alone = dawid_skene(Votes.of([verdict(c, "al", s) for c, s in (("a", "ACCEPTED"), ("b", "REJECTED"))]))
    assert alone.statuses() == {"a": "ACCEPTED", "b": "REJECTED"}
    torn = dawid_skene(Votes.of([verdict("a", "al", "ACCEPTED"), verdict("a", "bo", "REJECTED")]))
    assert torn.statuses() == {"a": "AMBIGUOUS"}


def test_many_votes_do_not_underflow(crowd):
    truth, verdicts = crowd({f"p{i:03}": 0.3 for i in range(400)}, 20)
    assert dawid_skene(Votes.of(verdicts)).statuses() == truth


def test_no_votes_are_refused():
    with pytest.raises(ValueError, match="there are no votes"):
        dawid_skene(Votes.of([]))


CROWD_KIT = {
    # of crowd-kit 1.4.2, DawidSkene(n_iter=120, tol=-1e9), on the answers below: ACCEPTED, REJECTED, AMBIGUOUS
    "posteriors": [
        (0.00332, 0.99668, 0.0), (0.0, 0.0, 1.0), (0.00332, 0.99668, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 0.0),
        (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.128011, 0.871989, 0.0), (0.073958, 0.926042, 0.0), (0.0, 1.0, 0.0),
        (1.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 0.0),
    ],
    "prior": (0.514901, 0.342242, 0.142857),
    "al": [(0.832338, 0.167662, 0.0), (0.0, 0.791292, 0.208708), (0.0, 0.0, 1.0)],
    "cy": [(0.815042, 0.184958, 0.0), (0.0, 1.0, 0.0), (0.0, 0.5, 0.5)],
    "di": [(0.57265, 0.139644, 0.287706), (0.229992, 0.52576, 0.244249), (1.0, 0.0, 0.0)],
}  # fmt: skip


def test_crowd_kit_finds_the_same_posteriors_and_confusions(verdict):
    words = {"A": "ACCEPTED", "R": "REJECTED", "U": "AMBIGUOUS"}
    answers = {"al": "RURAAUARRURAAA", "bo": "RURRAU..RRA.AA", "cy": "RURAAR.R.RAARA", "di": "RARAA.RAU.UAAU"}
    found = dawid_skene(
        Votes.of(
            verdict(f"c{i:02}", name, words[letter])
            for name, letters in answers.items()
            for i, letter in enumerate(letters)
            if letter != "."
        ),
        smoothing=0.0,
    )
    np.testing.assert_allclose(found.posteriors, CROWD_KIT["posteriors"], atol=1e-6)
    np.testing.assert_allclose(found.rates.prior, CROWD_KIT["prior"], atol=1e-6)
    for name in ("al", "cy", "di"):
        np.testing.assert_allclose(
            found.rates.confusion[found.votes.annotators.index(name)], CROWD_KIT[name], atol=1e-6
        )
