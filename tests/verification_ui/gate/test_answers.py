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
    assert answer_body(SENT, ME, 7, 5) == {
        "lead_time": 1.5, "result": [], "draft_id": 0, "parent_prediction": None,
        "started_at": "2026-01-01T00:00:00Z", "unique_id": "u", "was_cancelled": True,
    }  # fmt: skip


@pytest.mark.parametrize("own", [ME, str(ME)])
def test_the_author_is_never_taken_from_the_answer(own: Any) -> None:
    assert "completed_by" not in answer_body({**SENT, "completed_by": own}, ME, 7, 5)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"completed_by": OTHER}, "completed_by names somebody else"),
        ({"completed_by": {"id": OTHER}}, "completed_by names somebody else"),
        ({"completed_by": None}, "completed_by names somebody else"),
        ({"ground_truth": True}, "an answer has no ground_truth"),
        ({"user": OTHER}, "an answer has no user"),
        ({"updated_by": OTHER, "created_at": "x"}, "an answer has no created_at, updated_by"),
        ({"project": 8}, "project in the body differs"),
        ({"task": 6}, "task in the body differs"),
        ({"parent_annotation": 9}, "an answer is not made from another one"),
    ],
)
def test_an_answer_that_claims_more_is_refused(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as problem:
        answer_body({**SENT, **more}, ME, 7, 5)
    assert problem.value.status == 403


@pytest.mark.parametrize("body", [
    [], None, "x", {"result": {"a": 1}}, {"result": "[]"}, {"result": None}, {"result": [1]},
    {"result": [{"value": None}]}, {"result": [{"value": {"choices": 5}}]}, {"result": [{"from_name": ["wrong"]}]},
])  # fmt: skip
def test_what_is_no_answer_is_refused(body: Any) -> None:
    with pytest.raises(Refusal):
        answer_body(body, ME, 7, 5)


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
