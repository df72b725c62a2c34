from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.runs.folder import RunFolder
from pipeline.runs.queue_notes import QueueNotes
from pipeline.runs.verdicts import read_verdicts
from schemas import tables
from schemas.reviews import ReviewTask, Verdict
from stages.consensus.run_verdicts import RunVerdicts

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def said(candidate_id, status, who="al", task="sheet", source="label_studio", minutes=0):
    return Verdict(candidate_id, status, who, source, 1.0, task, "7", WHEN + timedelta(minutes=minutes))


def deciding(*given):
    counted = RunVerdicts(given, (), frozenset({"blind"})).deciding()
    return {c: [(v.annotator, v.status) for v in group] for c, group in counted.items()}


def test_a_blind_answer_never_overrules_what_was_said_on_the_sheet_not_even_by_the_same_person():
    sheet = said("a", "ACCEPTED")
    own, other = said("a", "REJECTED", task="blind", minutes=5), said("a", "REJECTED", "bo", "blind", minutes=5)
    assert deciding(sheet, own, other) == {"a": [("al", "ACCEPTED")]}


def test_where_nobody_else_has_answered_the_blind_answer_decides():
    assert deciding(said("a", "REJECTED", task="blind")) == {"a": [("al", "REJECTED")]}


def test_a_blind_answer_outvotes_the_simulated_annotator():
    simulated = said("a", "ACCEPTED", "simulated", source="simulated", minutes=9)
    assert deciding(simulated, said("a", "REJECTED", task="blind")) == {"a": [("al", "REJECTED")]}


def test_an_annotator_who_is_left_out_does_not_silence_blind_answers():
    verdicts = RunVerdicts((said("a", "ACCEPTED"), said("a", "REJECTED", "bo", "blind")), (), frozenset({"blind"}))
    assert [v.annotator for v in verdicts.deciding(["al"])["a"]] == ["bo"]


def test_what_was_said_blindly_is_an_opinion_of_its_own():
    verdicts = RunVerdicts(
        (said("a", "ACCEPTED"), said("a", "REJECTED", task="blind", minutes=5)), (), frozenset({"blind"})
    )
    assert [(v.annotator, v.status) for v in verdicts.votes()["a"]] == [("al", "ACCEPTED"), ("al (blind)", "REJECTED")]
    assert verdicts.votes(["al"]) == {}


def test_the_check_holds_sheet_answers_against_blind_ones():
    given = (said("a", "ACCEPTED"), said("b", "ACCEPTED"), said("a", "REJECTED", "bo", "blind"))
    check = RunVerdicts((*given, said("b", "ACCEPTED", "bo", "blind")), (), frozenset({"blind"})).blind_check(
        {"a": True, "b": True}
    )
    assert (check.confirmed.part, check.let_stand.part, check.let_stand.whole) == (1, 1, 2)


@pytest.mark.parametrize(("design", "is_blind"), [("single", True), ("contact_sheet", False)])
def test_the_blind_tasks_are_those_of_the_single_design(tmp_path, design, is_blind):
    task = ReviewTask("k", "v", "1", 0, 0, design, ("a",), 0.5)
    tables.TASKS.write(tmp_path / "tasks" / f"{design}.parquet", [task])
    assert read_verdicts(RunFolder(tmp_path)).blind_tasks == (frozenset({"k"}) if is_blind else frozenset())


def verdicts_of(*given, adjudicators=()):
    """Verdicts of a run whose task ``adjudicate`` is one of adjudication."""
    return RunVerdicts(given, (), frozenset({"blind"}), frozenset({"adjudicate"}), frozenset(adjudicators))


DIFFER = (
    said("a", "ACCEPTED", "al"),
    said("a", "REJECTED", "bo"),
    said("b", "ACCEPTED", "al"),
    said("b", "ACCEPTED", "bo"),
)


def heard(verdicts, candidate_id="a", excluded=()):
    return [(v.annotator, v.status) for v in verdicts.deciding(excluded)[candidate_id]]


def test_conflicts_are_candidates_on_which_people_differ_until_somebody_settles_them():
    assert verdicts_of(*DIFFER).conflicts() == ["a"]
    adjudicated = verdicts_of(*DIFFER, said("a", "REJECTED", "cy", "adjudicate"))
    assert (adjudicated.conflicts(), heard(adjudicated)) == ([], [("cy", "REJECTED")])
    assert verdicts_of(*DIFFER).conflicts(["bo"]) == []
    assert adjudicated.conflicts(["cy"]) == ["a"]


def test_a_blind_or_simulated_answer_makes_no_conflict():
    blind, machine = said("b", "REJECTED", "cy", "blind"), said("b", "REJECTED", "sim", source="simulated")
    assert verdicts_of(*DIFFER, blind, machine).conflicts() == ["a"]


def test_another_look_of_one_who_differed_is_her_latest_answer_and_settles_nothing_by_itself():
    same = verdicts_of(*DIFFER, said("a", "REJECTED", "bo", "adjudicate", minutes=5))
    assert (same.conflicts(), heard(same)) == (["a"], [("al", "ACCEPTED"), ("bo", "REJECTED")])
    given_in = verdicts_of(*DIFFER, said("a", "ACCEPTED", "bo", "adjudicate", minutes=5))
    assert (given_in.conflicts(), heard(given_in)) == ([], [("al", "ACCEPTED"), ("bo", "ACCEPTED")])


def test_of_named_adjudicators_only_theirs_settle_even_if_they_had_answered():
    answers = (said("a", "REJECTED", "cy", "adjudicate"), said("a", "AMBIGUOUS", "bo", "adjudicate", minutes=5))
    assert heard(verdicts_of(*DIFFER, *answers, adjudicators=["bo"])) == [("bo", "AMBIGUOUS")]
    assert heard(verdicts_of(*DIFFER, answers[0], adjudicators=["bo"])) == [
        ("al", "ACCEPTED"), ("bo", "REJECTED"), ("cy", "REJECTED"),
    ]  # fmt: skip


def test_what_was_settled_is_no_measure_of_agreement():
    votes = verdicts_of(*DIFFER, said("a", "REJECTED", "cy", "adjudicate")).votes()
    assert {v.annotator for group in votes.values() for v in group} == {"al", "bo"}


def test_adjudication_tasks_and_adjudicators_are_read_from_the_queue(tmp_path):
    task = ReviewTask("k", "v", "1", 0, 0, "adjudication", ("a",), 0.5)
    notes = QueueNotes(2, ("ann@lab",))
    tables.TASKS.write(tmp_path / "tasks" / "adjudication.parquet", [task], notes.metadata())
    found = read_verdicts(RunFolder(tmp_path))
    assert (found.adjudication_tasks, found.blind_tasks, found.adjudicators) == ({"k"}, frozenset(), {"ann@lab"})
    assert QueueNotes.read(tmp_path / "tasks" / "adjudication.parquet") == notes
    assert QueueNotes.read(tmp_path / "tasks" / "frame.parquet") == QueueNotes(1, ())
