from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from stages.consensus.run_verdicts import RunVerdicts

CLAIMS = {"a": True, "b": False}


def looked(*given) -> RunVerdicts:
    """Verdicts of a run whose task ``again`` is a second look, and ``adjudicate`` an adjudication."""
    return RunVerdicts(given, (), adjudication_tasks=frozenset({"adjudicate"}), second_looks=frozenset({"again"}))


def counted(verdicts, excluded=()):
    return [(v.annotator, v.status) for v in verdicts.deciding(excluded).get("a", [])]


@pytest.mark.parametrize(("candidate_id", "status"), [("a", "REJECTED"), ("b", "ACCEPTED")])
def test_what_one_person_answered_against_the_proposal_is_asked_again(verdict, candidate_id, status):
    assert looked(verdict(candidate_id, "al", status)).to_look_again(CLAIMS) == [candidate_id]


def test_confirmations_doubts_flags_and_what_several_or_no_people_said_are_not_asked_again(verdict):
    contradiction = verdict("a", "al", "REJECTED")
    for given in (
        [verdict("a", "al", "ACCEPTED")],
        [verdict("a", "al", "AMBIGUOUS")],
        [replace(contradiction, flag="absent")],
        [contradiction, verdict("a", "bo", "REJECTED")],
        [contradiction, verdict("a", "bo", "ACCEPTED")],
        [replace(contradiction, source="simulated")],
        [verdict("unknown", "al", "REJECTED")],
    ):
        assert looked(*given).to_look_again(CLAIMS) == []


def test_nothing_is_asked_a_third_time_unless_the_second_answer_is_not_heard(verdict):
    verdicts = looked(verdict("a", "al", "REJECTED"), verdict("a", "bo", "REJECTED", "again"))
    assert verdicts.to_look_again(CLAIMS) == []
    assert verdicts.to_look_again(CLAIMS, ["bo"]) == ["a"]


@pytest.mark.parametrize("who", ["al", "bo"])
@pytest.mark.parametrize("status", ["ACCEPTED", "REJECTED", "AMBIGUOUS"])
def test_the_second_answer_decides_whoever_gives_it(verdict, who, status):
    assert counted(looked(verdict("a", "al", "REJECTED"), verdict("a", who, status, "again"))) == [(who, status)]


def test_of_several_people_it_takes_the_place_of_the_same_ones_first_answer(verdict):
    first = verdict("a", "al", "REJECTED"), verdict("a", "bo", "ACCEPTED")
    both = [("al", "ACCEPTED"), ("bo", "ACCEPTED")]
    assert counted(looked(*first, verdict("a", "al", "ACCEPTED", "again"))) == both
    third = looked(*first, verdict("a", "cy", "AMBIGUOUS", "again"))
    assert counted(third) == [("al", "REJECTED"), ("bo", "ACCEPTED"), ("cy", "AMBIGUOUS")]
    assert third.conflicts() == ["a"]


def test_a_simulated_second_look_replaces_no_answer_of_a_person(verdict):
    machine = replace(verdict("a", "simulated", "ACCEPTED", "again"), source="simulated")
    assert counted(looked(verdict("a", "al", "REJECTED"), machine)) == [("al", "REJECTED")]
    first = replace(verdict("a", "simulated", "REJECTED"), source="simulated")
    assert counted(looked(first, machine)) == [("simulated", "ACCEPTED")]
    assert counted(looked(first, verdict("a", "al", "REJECTED", "again"))) == [("al", "REJECTED")]


def test_a_simulated_second_look_does_not_keep_a_persons_answer_from_being_asked_again(verdict):
    first, machine = (
        replace(verdict("a", "simulated", "REJECTED", task), source="simulated") for task in ("k", "again")
    )
    assert looked(first, machine).looked_again() == {"a"}
    person = looked(first, machine, verdict("a", "al", "REJECTED"))
    assert (person.looked_again(), person.to_look_again(CLAIMS)) == (set(), ["a"])


def test_what_was_adjudicated_is_not_asked_again(verdict):
    differ = verdict("a", "al", "REJECTED"), verdict("a", "bo", "ACCEPTED")
    adjudicated = looked(*differ, verdict("a", "cy", "REJECTED", "adjudicate"))
    assert counted(adjudicated) == [("cy", "REJECTED")]
    assert adjudicated.to_look_again(CLAIMS) == []
    assert adjudicated.to_look_again(CLAIMS, ["bo", "cy"]) == ["a"], "al's answer is left, alone"


def test_adjudication_overrides_a_second_look(verdict):
    given = verdict("a", "al", "REJECTED"), verdict("a", "al", "REJECTED", "again")
    assert counted(looked(*given, verdict("a", "cy", "ACCEPTED", "adjudicate"))) == [("cy", "ACCEPTED")]


def test_a_later_answer_in_adjudication_changes_the_same_persons_second_look(verdict):
    given = verdict("a", "al", "REJECTED"), verdict("a", "bo", "ACCEPTED"), verdict("a", "cy", "REJECTED", "again")
    later = replace(verdict("a", "cy", "ACCEPTED", "adjudicate"), decided_at=given[0].decided_at + timedelta(minutes=1))
    assert counted(looked(*given, later)) == [("al", "REJECTED"), ("bo", "ACCEPTED"), ("cy", "ACCEPTED")]


def test_second_looks_do_not_measure_annotators(verdict):
    verdicts = looked(verdict("a", "al", "REJECTED"), verdict("a", "al", "ACCEPTED", "again"))
    assert [v.status for v in verdicts.votes()["a"]] == ["REJECTED"]
    assert verdicts.looked_again() == {"a"}
