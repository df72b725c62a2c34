"""What annotators may send and what they get to see: own answers, own drafts, own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verification_ui.gate.refusals import Refusal
from verification_ui.page.annotations import UnreadableAnswer, parse_marks
from verification_ui.page.label_config import Control, controls

_ANSWER_FIELDS = frozenset(
    ("result", "lead_time", "draft_id", "parent_prediction", "parent_annotation", "started_at", "unique_id",
     "was_cancelled", "was_postponed", "project", "task", "id")
)  # fmt: skip
_SHOWN_OF_TASK = frozenset(
    ("id", "data", "meta", "inner_id", "project", "created_at", "updated_at", "predictions", "is_labeled", "overlap",
     "allow_skip", "unique_lock_id", "queue", "file_upload", "storage_filename", "state", "total_predictions")
)  # fmt: skip
_HIDDEN_OF_PROJECT = frozenset(("created_by", "organization", "task_data_login", "task_data_password"))


def answer_body(body: Any, user_id: int, project: int, task: int | None, design: str) -> dict[str, Any]:
    """The part of an answer or a draft that goes to the server, which takes the author from the session.

    Marks that no control of the design makes are refused: a pull could not read them, and the server would take no
    new label config of the project for as long as there were any.

    Raises:
        Refusal: it names another author, another project or task, or says more than an answer does.
    """
    if not isinstance(body, dict):
        raise Refusal("an answer is a JSON object", 400)
    given = dict(body)
    if given.pop("completed_by", user_id) not in (user_id, str(user_id)):
        raise Refusal("completed_by names another account; answers are accepted for your own only")
    if unknown := sorted(set(given) - _ANSWER_FIELDS):
        raise Refusal(f"unknown fields in an answer: {', '.join(unknown)}")
    if given.pop("parent_annotation", None) is not None:
        raise Refusal("an answer cannot refer to another answer")
    for name, own in (("project", project), ("task", task)):
        if str(given.pop(name, own)) != str(own):
            raise Refusal(f"{name} in the body differs from the address")
    given.pop("id", None)
    try:
        parse_marks(given.get("result", []))
        for mark in given.get("result", []):
            _require_made_by_page(mark, controls(design))
    except UnreadableAnswer as problem:
        raise Refusal(f"this is not an answer of the page: {problem}", 400) from None
    return given


def _require_made_by_page(mark: Mapping[str, Any], known: Mapping[str, Control]) -> None:
    if mark.get("type") == "relation":  # a key of Label Studio's joins two points; it answers nothing
        return
    name = mark.get("from_name", "")
    control = known.get(name)
    if control is None:
        raise UnreadableAnswer(f"from_name is {name!r}; known: {', '.join(sorted(known))}")
    if mark.get("to_name") != control.of or mark.get("type") not in control.kinds:
        raise UnreadableAnswer(f"{name} has another type or target than the page gives it")
    (read,) = parse_marks([mark])
    if control.choices is not None and (unknown := sorted(set(read.values) - control.choices)):
        raise UnreadableAnswer(f"{name} is {unknown[0]!r}; known: {', '.join(sorted(control.choices))}")


def own_task(task: Mapping[str, Any], user_id: int, email: str) -> dict[str, Any]:
    """A task as its annotator may see it: nothing of what others answered, not even how many did."""
    kept = {name: value for name, value in task.items() if name in _SHOWN_OF_TASK}
    annotations = [a for a in task.get("annotations") or () if author(a) == user_id]
    drafts = [draft for draft in task.get("drafts") or () if draft.get("user") == email]
    n_answers = sum(not a.get("was_cancelled") for a in annotations)
    return kept | {
        "annotations": annotations, "drafts": drafts, "annotators": [user_id] if annotations else [],
        "total_annotations": n_answers, "cancelled_annotations": len(annotations) - n_answers, "updated_by": [],
        "comment_authors": [], "annotations_results": "", "annotations_ids": "", "predictions_results": "",
        "predictions_model_versions": "", "completed_at": None, "draft_exists": bool(drafts),
    }  # fmt: skip


def own_tasks(page: Mapping[str, Any], user_id: int, email: str) -> dict[str, Any]:
    """A page of the task list, each task as :func:`own_task`."""
    tasks = [own_task(task, user_id, email) for task in page.get("tasks") or ()]
    n_answers = sum(task["total_annotations"] for task in tasks)
    return {"tasks": tasks, "total": page.get("total", 0), "total_annotations": n_answers, "total_predictions": 0}


def author(annotation: Mapping[str, Any]) -> int | None:
    """Who answered; the server gives a number or a description."""
    user = annotation.get("completed_by")
    return user.get("id") if isinstance(user, Mapping) else user


def own_project(project: Mapping[str, Any], has_begun: bool) -> dict[str, Any]:
    """A project without its people; the instructions are shown to those who have not answered anything in it yet."""
    kept = {name: value for name, value in project.items() if name not in _HIDDEN_OF_PROJECT}
    kept |= {name: False for name in ("can_delete_tasks", "can_manage_tasks") if name in kept}
    return kept | ({"show_instruction": not has_begun} if "show_instruction" in kept else {})
