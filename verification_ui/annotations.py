"""What a person did in Label Studio, as records: its JSON is parsed here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.reviews import Skip


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
    """

    task_key: str
    annotations: tuple[Annotation, ...]
    n_counted: int

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


def parse_annotation(json: Mapping[str, Any], annotators: Mapping[int, str]) -> Annotation:
    """An annotation from the server's JSON.

    Args:
        json: as ``GET /api/tasks/?fields=all`` gives it.
        annotators: e-mail addresses by user id.
    """
    user = json["completed_by"]
    user_id = user["id"] if isinstance(user, Mapping) else user
    session_id = json.get("updated_by") or user_id
    return Annotation(
        annotation_id=str(json["id"]),
        annotator=annotators.get(user_id, f"user {user_id}"),
        entered_by="" if session_id == user_id else annotators.get(session_id, f"user {session_id}"),
        is_skipped=bool(json.get("was_cancelled")),
        lead_time_s=float(json.get("lead_time") or 0.0),
        decided_at=datetime.fromisoformat(json["updated_at"]),
        marks=tuple(_parse_mark(result) for result in json.get("result") or ()),
    )


def _parse_mark(json: Mapping[str, Any]) -> Mark:
    value = json.get("value", {})
    found = next((value[kind] for kind in ("choices", "keypointlabels", "text") if kind in value), ())
    is_point = "x" in value and "y" in value
    return Mark(
        control=str(json.get("from_name", "")),
        region_id=str(json.get("id", "")),
        values=(found,) if isinstance(found, str) else tuple(str(v) for v in found),
        xy_percent=(float(value["x"]), float(value["y"])) if is_point else None,
        size_px=(int(json.get("original_height", 0)), int(json.get("original_width", 0))),
    )
