"""What a person did in Label Studio, as records: its JSON is parsed here and nowhere else."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.reviews import Skip

_MOST_PX = 1_000_000
"""Longest side of an image that an answer may tell."""
_LONGEST_S = 30 * 86400.0
"""Longest time that a task may be open."""


class UnreadableAnswer(ValueError):
    """What the server keeps is not an answer that the labelling page gives; the message says why."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One result of an annotation: the choices of one control, one text, or one point.

    Attributes:
        control: name of the control tag in the label config.
        region_id: id of the region; for pre-placed points the candidate id.
        values: the chosen choices or labels, or the text.
        xy_percent: position of a point in percent of the image, None for what is not a point.
        size_px: (height, width) of the image of a point.
    """

    control: str
    region_id: str
    values: tuple[str, ...]
    xy_percent: tuple[float, float] | None = None
    size_px: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One person's submitted answer to one task; drafts never become one.

    Attributes:
        annotation_id: the server's id.
        annotator: e-mail address, or ``user N`` where the server does not tell.
        is_skipped: the person skipped the task: the marks are pre-labels, not answers.
        lead_time_s: seconds from opening to submitting.
        decided_at: last change, in UTC.
        marks: the results.
        entered_by: who was logged in at the last change, where the server names somebody else than the annotator.
    """

    annotation_id: str
    annotator: str
    is_skipped: bool
    lead_time_s: float
    decided_at: datetime
    marks: tuple[Mark, ...]
    entered_by: str = ""

    def chosen(self, control: str) -> frozenset[str]:
        """All values chosen in one control."""
        return frozenset(value for mark in self.marks if mark.control == control for value in mark.values)


@dataclass(frozen=True, slots=True)
class AnsweredTask:
    """The present state of one task on the server.

    Attributes:
        task_key: ours.
        annotations: all of them, none when all were deleted.
        n_counted: how many answers the server believes that the task has; it stops asking people when they are enough.
        unreadable: of each answer that cannot be read, which it is and why.
    """

    task_key: str
    annotations: tuple[Annotation, ...]
    n_counted: int
    unreadable: tuple[str, ...] = ()

    def is_miscounted_before(self, when: datetime) -> bool:
        """Whether the server counts fewer answers than there are, all of them given before ``when``."""
        given = [annotation for annotation in self.annotations if not annotation.is_skipped]
        return self.n_counted < len(given) and all(annotation.decided_at < when for annotation in given)

    def skips(self) -> list[Skip]:
        """The latest skip of everybody who skipped the task and did not answer it as well, by name."""
        answered = {a.annotator for a in self.annotations if not a.is_skipped}
        latest = {a.annotator: a for a in sorted(self.annotations, key=lambda a: (a.decided_at, a.annotation_id))}
        return [
            Skip(self.task_key, name, found.annotation_id, found.lead_time_s, found.decided_at)
            for name, found in sorted(latest.items())
            if name not in answered
        ]


def parse_task(
    task_key: str, answers: Iterable[Mapping[str, Any]], n_counted: int, annotators: Mapping[int, str]
) -> AnsweredTask:
    """A task with its answers; one that cannot be read takes none of the others with it.

    Args:
        task_key: ours.
        answers: as ``GET /api/tasks/?fields=all`` gives them.
        n_counted: see :class:`AnsweredTask`.
        annotators: e-mail addresses by user id.
    """
    found, unreadable = [], []
    for json in answers:
        try:
            found.append(parse_annotation(json, annotators))
        except UnreadableAnswer as problem:
            user_id = _user_id(json["completed_by"])
            unreadable.append(f"annotation {json['id']} of {annotators.get(user_id, f'user {user_id}')}: {problem}")
    return AnsweredTask(task_key, tuple(found), n_counted, tuple(unreadable))


def parse_annotation(json: Mapping[str, Any], annotators: Mapping[int, str]) -> Annotation:
    """An annotation from the server's JSON.

    Args:
        json: as ``GET /api/tasks/?fields=all`` gives it.
        annotators: e-mail addresses by user id.

    Raises:
        UnreadableAnswer: its marks are not such as the labelling page makes.
    """
    user_id = _user_id(json["completed_by"])
    session_id = json.get("updated_by") or user_id
    return Annotation(
        annotation_id=str(json["id"]),
        annotator=annotators.get(user_id, f"user {user_id}"),
        entered_by="" if session_id == user_id else annotators.get(session_id, f"user {session_id}"),
        is_skipped=bool(json.get("was_cancelled")),
        lead_time_s=min(max(0.0, float(json.get("lead_time") or 0.0)), _LONGEST_S),
        decided_at=datetime.fromisoformat(json["updated_at"]),
        marks=parse_marks(json.get("result") or ()),
    )


def parse_marks(results: Any) -> tuple[Mark, ...]:
    """The marks of an answer from its JSON, which anybody may have written.

    Raises:
        UnreadableAnswer: they are not such as the labelling page makes.
    """
    if not isinstance(results, list | tuple):
        raise UnreadableAnswer(f"its result is {_shown(results)}, not a list")
    return tuple(_parse_mark(result) for result in results)


def _user_id(user: Any) -> int:
    return int(user["id"] if isinstance(user, Mapping) else user)


def _parse_mark(json: Any) -> Mark:
    value = json.get("value", {}) if isinstance(json, Mapping) else None
    if not isinstance(value, Mapping):
        raise UnreadableAnswer(f"{_shown(json)} is not a mark with a value")
    is_point = "x" in value and "y" in value
    return Mark(
        control=_text(json, "from_name"),
        region_id=_text(json, "id"),
        values=_values(value),
        xy_percent=(_percent(value, "x"), _percent(value, "y")) if is_point else None,
        size_px=(_size_px(json, "original_height"), _size_px(json, "original_width")),
    )


def _values(value: Mapping[str, Any]) -> tuple[str, ...]:
    kind = next((kind for kind in ("choices", "keypointlabels", "text") if kind in value), None)
    found = value[kind] if kind else ()
    texts = (found,) if isinstance(found, str) else found
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise UnreadableAnswer(f"{kind} is {_shown(found)}, not a list of texts")
    return tuple(texts)


def _text(json: Mapping[str, Any], name: str) -> str:
    found = json.get(name, "")
    if not isinstance(found, str):
        raise UnreadableAnswer(f"{name} is {_shown(found)}, not a text")
    return found


def _percent(value: Mapping[str, Any], name: str) -> float:
    found = value[name]
    if not isinstance(found, int | float) or isinstance(found, bool) or not abs(found) <= _MOST_PX:
        raise UnreadableAnswer(f"{name} is {_shown(found)}, not a place in percent of the image")
    return float(found)


def _size_px(json: Mapping[str, Any], name: str) -> int:
    found = json.get(name, 0)
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found <= _MOST_PX:
        raise UnreadableAnswer(f"{name} is {_shown(found)}, not a number of pixels")
    return int(found)


def _shown(value: object) -> str:
    return reprlib.repr(value)
