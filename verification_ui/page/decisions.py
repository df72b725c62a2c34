"""Annotation + task → verdicts. Pure: what the marks of each review design mean is said here and nowhere else.

Contact sheet. The sheet shows a verdict under every crop, the mask's own; a mark changes what is shown:

| marks of a candidate | foreground candidate | background candidate |
|---|---|---|
| none | ACCEPTED | REJECTED |
| wrong | REJECTED | ACCEPTED |
| unsure, with or without wrong | AMBIGUOUS | AMBIGUOUS |

A flag on the frame says something about all of its candidates at once:

| flag | foreground candidate | background candidate |
|---|---|---|
| bad_frame | AMBIGUOUS | AMBIGUOUS |
| absent | REJECTED | REJECTED (no pixel is on an object that is not there) |
| wrong_object | REJECTED (the mask follows another object) | AMBIGUOUS unless marked wrong, then ACCEPTED |

Under ``wrong_object`` an unmarked background candidate was judged against the wrong object, so it is dropped.

Frame view. The label of a point is its verdict. A point that was moved or deleted no longer answers for its
candidate's pixel: AMBIGUOUS. Points that a person added, or moved to, become new candidates (:class:`AddedPoint`).

Single. The answer to the blind question is the verdict: on_object, off_object, unsure as in the frame view. Without an
answer there is no verdict: nothing was shown that silence could confirm.

The flag and the note stand in every verdict of the task, word for word. What people looked at (``look``: clip, frame,
object) says nothing about the candidates and is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from schemas.coords import percent_to_pixel
from schemas.points import PointCandidate
from schemas.reviews import ReviewTask, Verdict
from verification_ui.page.annotations import Annotation, Mark
from verification_ui.page.payloads import OFF, ON

_STATUS = {ON: "ACCEPTED", OFF: "REJECTED"}


@dataclass(frozen=True, slots=True)
class AddedPoint:
    """A pixel that a person labelled on their own account: ``x`` right, ``y`` down."""

    x: int
    y: int
    status: str


def decide(
    annotation: Annotation, task: ReviewTask, candidates: Mapping[str, PointCandidate]
) -> tuple[list[Verdict], list[AddedPoint]]:
    """The verdicts of one annotation, one a candidate of the task, and the points that the person added.

    A skipped task gives none. The task's lead time is shared evenly over its candidates.
    """
    if annotation.is_skipped:
        return [], []
    asked = [candidates[candidate_id] for candidate_id in task.candidate_ids]
    if task.is_blind:
        answers = annotation.chosen("answer")
        status = _status(*answers) if len(answers) == 1 else "AMBIGUOUS"
        return [_verdict(annotation, task, asked[0], status)] if answers else [], []
    added: list[AddedPoint] = []
    if task.design == "frame":
        statuses, added = _frame_statuses(annotation, asked)
    else:
        statuses = [_sheet_status(annotation, candidate) for candidate in asked]
    flags = annotation.chosen("flag")
    statuses = [_flagged(status, c, flags) for status, c in zip(statuses, asked, strict=True)]
    return [_verdict(annotation, task, c, s) for c, s in zip(asked, statuses, strict=True)], added


def decide_task(
    annotations: Iterable[Annotation], task: ReviewTask, candidates: Mapping[str, PointCandidate]
) -> Iterator[tuple[list[Verdict], list[AddedPoint]]]:
    """The decisions of all annotators of a task; of one person's several annotations the latest counts."""
    latest: dict[str, Annotation] = {}
    for annotation in sorted(annotations, key=lambda a: (a.decided_at, a.annotation_id)):
        if not annotation.is_skipped:
            latest[annotation.annotator] = annotation
    for annotator in sorted(latest):
        yield decide(latest[annotator], task, candidates)


def _sheet_status(annotation: Annotation, candidate: PointCandidate) -> str:
    if candidate.candidate_id in annotation.chosen("unsure"):
        return "AMBIGUOUS"
    is_wrong = candidate.candidate_id in annotation.chosen("wrong")
    return "ACCEPTED" if candidate.is_fg_candidate != is_wrong else "REJECTED"


def _frame_statuses(annotation: Annotation, asked: list[PointCandidate]) -> tuple[list[str], list[AddedPoint]]:
    points = {mark.region_id: mark for mark in annotation.marks if mark.xy_percent is not None}
    statuses, added = [], []
    for candidate in asked:
        mark = points.pop(candidate.candidate_id, None)
        stays = mark is not None and _pixel(mark) == (candidate.x, candidate.y)
        statuses.append(_status(*mark.values[:1]) if mark is not None and stays else "AMBIGUOUS")
        if mark is not None and not stays:
            added.append(AddedPoint(*_pixel(mark), _status(*mark.values[:1])))
    added += [AddedPoint(*_pixel(mark), _status(*mark.values[:1])) for _, mark in sorted(points.items())]
    return statuses, added


def _status(answer: str = "") -> str:
    return _STATUS.get(answer, "AMBIGUOUS")


def _pixel(mark: Mark) -> tuple[int, int]:
    height, width = mark.size_px
    ((x, y),) = percent_to_pixel(np.array([mark.xy_percent]), width, height).tolist()
    return x, y


def _flagged(status: str, candidate: PointCandidate, flags: frozenset[str]) -> str:
    if "bad_frame" in flags:
        return "AMBIGUOUS"
    if "absent" in flags:
        return "REJECTED"
    if "wrong_object" in flags and status != "AMBIGUOUS":
        if candidate.is_fg_candidate:
            return "REJECTED"
        return "ACCEPTED" if status == "ACCEPTED" else "AMBIGUOUS"
    return status


def _verdict(annotation: Annotation, task: ReviewTask, candidate: PointCandidate, status: str) -> Verdict:
    return Verdict(
        candidate_id=candidate.candidate_id,
        status=status,
        annotator=annotation.annotator,
        source="label_studio",
        lead_time_s=annotation.lead_time_s / len(task.candidate_ids),
        task_key=task.task_key,
        annotation_id=annotation.annotation_id,
        decided_at=annotation.decided_at,
        flag=" ".join(sorted(annotation.chosen("flag"))),
        note="\n".join(sorted(annotation.chosen("note"))),
        entered_by=annotation.entered_by,
    )
