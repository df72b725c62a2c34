from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.run_folder import RunFolder
from pipeline.verdicts import RunVerdicts
from schemas import tables
from schemas.reviews import ReviewTask, Verdict

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
    assert RunVerdicts.of(RunFolder(tmp_path)).blind_tasks == (frozenset({"k"}) if is_blind else frozenset())
