from __future__ import annotations

from typing import Any

import pytest

from verification_ui.gate.answers import answer_body, own_project, own_task, own_tasks
from verification_ui.gate.refusals import Refusal

ME, OTHER = 2, 3
SENT = {"lead_time": 1.5, "result": [], "draft_id": 0, "parent_prediction": None, "parent_annotation": None,
        "started_at": "2026-01-01T00:00:00Z", "unique_id": "u", "was_cancelled": True, "project": "7"}  # fmt: skip
TASK: dict[str, Any] = {
    "id": 5, "data": {"task_key": "k"}, "predictions": [{"id": 1}], "total_annotations": 2, "annotators": [ME, OTHER],
    "annotations": [{"id": 1, "completed_by": {"id": ME}}, {"id": 2, "completed_by": OTHER, "result": ["secret"]}],
    "drafts": [{"id": 1, "user": "me@x.y"}, {"id": 2, "user": "other@x.y"}], "annotations_results": "secret",
    "completed_at": "2026-01-01", "updated_by": [{"user_id": OTHER}], "avg_lead_time": 3.0, "agreement": 50,
}  # fmt: skip


def test_an_answer_as_the_page_sends_it_goes_through_without_its_project() -> None:
    assert answer_body(SENT, ME, 7, 5, "contact_sheet") == {
        "lead_time": 1.5, "result": [], "draft_id": 0, "parent_prediction": None,
        "started_at": "2026-01-01T00:00:00Z", "unique_id": "u", "was_cancelled": True,
    }  # fmt: skip


@pytest.mark.parametrize("own", [ME, str(ME)])
def test_the_author_is_never_taken_from_the_answer(own: Any) -> None:
    assert "completed_by" not in answer_body({**SENT, "completed_by": own}, ME, 7, 5, "contact_sheet")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"completed_by": OTHER}, "completed_by names another account"),
        ({"completed_by": {"id": OTHER}}, "completed_by names another account"),
        ({"completed_by": None}, "completed_by names another account"),
        ({"ground_truth": True}, "unknown fields in an answer: ground_truth"),
        ({"user": OTHER}, "unknown fields in an answer: user"),
        ({"updated_by": OTHER, "created_at": "x"}, "unknown fields in an answer: created_at, updated_by"),
        ({"project": 8}, "project in the body differs"),
        ({"task": 6}, "task in the body differs"),
        ({"parent_annotation": 9}, "an answer cannot refer to another answer"),
    ],
)
def test_an_answer_that_claims_more_is_refused(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as problem:
        answer_body({**SENT, **more}, ME, 7, 5, "contact_sheet")
    assert problem.value.status == 403


@pytest.mark.parametrize("body", [
    [], None, "x", {"result": {"a": 1}}, {"result": "[]"}, {"result": None}, {"result": [1]},
    {"result": [{"value": None}]}, {"result": [{"value": {"choices": 5}}]}, {"result": [{"from_name": ["wrong"]}]},
])  # fmt: skip
def test_what_is_no_answer_is_refused(body: Any) -> None:
    with pytest.raises(Refusal):
        answer_body(body, ME, 7, 5, "contact_sheet")


MARK = {"id": "r", "from_name": "flag", "to_name": "question", "type": "choices", "value": {"choices": ["absent"]}}
POINT = {"id": "c1", "from_name": "points", "to_name": "image", "type": "keypointlabels", "original_width": 10,
         "original_height": 10, "value": {"x": 5.0, "y": 5.0, "width": 0.5, "keypointlabels": ["unsure"]}}  # fmt: skip


def test_the_marks_of_each_design_go_through() -> None:
    crop = {**MARK, "from_name": "wrong", "value": {"choices": ["any-candidate"]}}
    note = {**MARK, "from_name": "note", "type": "textarea", "value": {"text": ["any text"]}}
    for design, result in (
        ("contact_sheet", [MARK, crop, note]),
        ("frame", [POINT, {**MARK, "to_name": "image"}, {"type": "relation", "from_id": "c1", "to_id": "c2"}]),
        ("single", [{**MARK, "from_name": "answer", "value": {"choices": ["on_object"]}}]),
        ("adjudication", []),
    ):
        assert answer_body({**SENT, "result": result}, ME, 7, 5, design)["result"] == result


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ({**MARK, "from_name": "zz"}, "from_name is 'zz'; known: flag, look, note, unsure, wrong"),
        ({**MARK, "to_name": "sheet"}, "flag has another type or target than the page gives it"),
        ({**MARK, "type": "labels"}, "flag has another type or target than the page gives it"),
        ({**MARK, "value": {"choices": ["nice"]}}, "flag is 'nice'; known: absent, bad_frame, wrong_object"),
        (POINT, "from_name is 'points'"),
        ({}, "from_name is ''"),
    ],
)
def test_a_mark_that_no_control_of_the_design_makes_is_refused(mark: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as problem:
        answer_body({**SENT, "result": [mark]}, ME, 7, 5, "contact_sheet")
    assert problem.value.status == 400


def test_a_task_shows_own_answers_and_drafts_only() -> None:
    shown = own_task(TASK, ME, "me@x.y")
    assert [a["id"] for a in shown["annotations"]] == [1]
    assert [draft["id"] for draft in shown["drafts"]] == [1]
    assert (shown["total_annotations"], shown["annotators"], shown["updated_by"]) == (1, [ME], [])
    assert "secret" not in str(shown)
    assert not {"avg_lead_time", "agreement"} & set(shown)
    assert shown["data"] == {"task_key": "k"}


def test_a_page_of_tasks_counts_own_answers_only() -> None:
    shown = own_tasks({"tasks": [TASK], "total": 1, "total_annotations": 99}, ME, "me@x.y")
    assert (shown["total"], shown["total_annotations"]) == (1, 1)


def test_the_instructions_are_shown_until_somebody_has_begun() -> None:
    project = {"id": 7, "show_instruction": False, "created_by": {"email": "x"}, "task_data_password": "p"}
    assert own_project(project, has_begun=False) == {"id": 7, "show_instruction": True}
    assert own_project(project, has_begun=True) == {"id": 7, "show_instruction": False}
    assert own_project({"queue_total": 3}, has_begun=False) == {"queue_total": 3}
