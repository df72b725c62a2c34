from __future__ import annotations

import random

import pytest

from stages.consensus.votes import Votes


def test_votes_do_not_depend_on_the_order_of_verdicts(verdict):
    said = [verdict("b", "al", "REJECTED", "t2"), verdict("a", "bo", "AMBIGUOUS", "t1"), verdict("a", "al", "ACCEPTED")]
    votes = Votes.of(said)
    assert (tuple(votes.candidate_ids.to_pylist()), votes.annotators) == (("a", "b"), ("al", "bo"))
    assert votes.counts().tolist() == [[1, 0, 1], [0, 1, 0]]
    assert votes.answers_of("al").tolist() == [0, 1]
    assert votes.answers_of("bo").tolist() == [2, -1]
    random.Random(0).shuffle(said)
    again = Votes.of(said)
    assert (again.candidate.tolist(), again.group.tolist()) == (votes.candidate.tolist(), votes.group.tolist())


def test_two_answers_of_one_person_are_refused(verdict):
    with pytest.raises(ValueError, match="'al' answered candidate 'a' twice"):
        Votes.of([verdict("a", "al", "REJECTED"), verdict("a", "al", "ACCEPTED")])


def test_an_unknown_annotator_is_named(verdict):
    with pytest.raises(ValueError, match="unknown annotator 'cy'; known: al"):
        Votes.of([verdict("a", "al", "REJECTED")]).answers_of("cy")
