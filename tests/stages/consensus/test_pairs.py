from __future__ import annotations

import pytest

from schemas.gold import Gold
from stages.consensus.aggregation import VerdictPart, Weights, aggregate, answer_patterns, gold_answers
from stages.consensus.dawid_skene import fit
from stages.consensus.pairs import accuracies, split_status
from stages.consensus.run_verdicts import RunVerdicts


def part_of(given, golds=()) -> VerdictPart:
    return VerdictPart(0, RunVerdicts(given, golds), {}, {})


def aggregated(given, golds=(), excluded=()):
    """The opinions by candidate id, with annotators weighed."""
    part = part_of(given, golds)
    weights = Weights(fit(answer_patterns(part, excluded)), accuracies(gold_answers(part, excluded)))
    return {name: opinion.status for name, opinion in aggregate(part, excluded, weights).opinions.items()}


@pytest.mark.parametrize("statuses", [("ACCEPTED", "REJECTED"), ("ACCEPTED", "AMBIGUOUS")])
def test_two_answers_that_differ_are_ambiguous_however_often_their_authors_agree_otherwise(verdict, statuses):
    alike = [verdict(f"c{i}", who, "ACCEPTED") for i in range(50) for who in ("al", "bo")]
    split = [verdict("split", who, status) for who, status in zip(("al", "bo"), statuses, strict=True)]
    found = aggregated([*alike, *split])
    assert found["split"] == "AMBIGUOUS"
    assert {status for name, status in found.items() if name != "split"} == {"ACCEPTED"}


@pytest.mark.parametrize(("n_wrong", "status"), [(0, "AMBIGUOUS"), (4, "AMBIGUOUS"), (9, "REJECTED")])
def test_gold_decides_between_two_where_their_accuracies_differ_clearly(verdict, n_wrong, status):
    golds = [Gold(f"gold{i}", f"of{i}", True, "REJECTED", "ground_truth") for i in range(20)]
    answers = [verdict(f"gold{i}", "al", "ACCEPTED" if i < n_wrong else "REJECTED") for i in range(20)]
    answers += [verdict(f"gold{i}", "bo", "REJECTED") for i in range(20)]
    split = [verdict("a", "al", "ACCEPTED"), verdict("a", "bo", "REJECTED")]
    assert aggregated([*answers, *split], golds) == {"a": status}


def test_three_answers_are_weighed_as_before(verdict):
    given = [verdict(f"c{i}", who, "ACCEPTED") for i in range(50) for who in ("al", "bo", "cy")]
    given += [verdict("a", "al", "REJECTED"), verdict("a", "bo", "REJECTED"), verdict("a", "cy", "ACCEPTED")]
    assert aggregated(given)["a"] == "REJECTED"
    assert aggregated(given, excluded=["bo"])["a"] == "AMBIGUOUS", "two are left"


def test_whoever_met_no_gold_is_not_less_accurate():
    pair = [("al", "ACCEPTED"), ("bo", "REJECTED")]
    assert split_status(pair, accuracies({("bo", True): 1000})) == "AMBIGUOUS"
