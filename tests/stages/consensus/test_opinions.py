from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.reviews import Verdict
from stages.consensus.opinions import counted_verdicts, majority

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def verdict(status, annotator="ann", minutes=0, source="label_studio", candidate="c1"):
    when = NOON + timedelta(minutes=minutes)
    return Verdict(candidate, status, annotator, source, 1.0, "task", f"{annotator}{minutes}", when)


@pytest.mark.parametrize(
    ("verdicts", "status", "n"),
    [
        ([verdict("ACCEPTED")], "ACCEPTED", 1),
        ([verdict("ACCEPTED", minutes=5), verdict("REJECTED", minutes=1)], "ACCEPTED", 1),
        ([verdict("ACCEPTED", "a"), verdict("REJECTED", "b"), verdict("REJECTED", "c")], "REJECTED", 3),
        ([verdict("ACCEPTED", "a"), verdict("REJECTED", "b")], "AMBIGUOUS", 2),
        ([verdict("ACCEPTED", "a"), verdict("AMBIGUOUS", "b")], "AMBIGUOUS", 2),
        ([verdict("REJECTED", "a"), verdict("ACCEPTED", "sim", 99, "simulated")], "REJECTED", 1),
        ([verdict("ACCEPTED", "sim", 0, "simulated")], "ACCEPTED", 1),
    ],
)
def test_verdicts_come_to_one_status(verdicts, status, n):
    for order in (verdicts, verdicts[::-1]):
        opinion = majority(counted_verdicts(order))["c1"]
        assert (opinion.status, opinion.n_verdicts) == (status, n)


def test_the_excluded_are_not_heard_and_the_machine_is_where_nobody_else_is_left():
    said = [verdict("ACCEPTED", "al"), verdict("REJECTED", "bo"), verdict("ACCEPTED", "sim", source="simulated")]
    assert [v.annotator for v in counted_verdicts(said, ["bo"])["c1"]] == ["al"]
    assert [v.annotator for v in counted_verdicts(said, ["al", "bo"])["c1"]] == ["sim"]
    assert counted_verdicts(said, ["al", "bo", "sim"]) == {}
