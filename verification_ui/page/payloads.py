"""ReviewTask → what Label Studio is given: the data that a label config shows, and pre-placed points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.coords import pixel_to_percent
from schemas.points import PointCandidate
from schemas.reviews import ReviewTask
from verification_ui.page import html as figures
from verification_ui.page import sheet
from verification_ui.page.asked_objects import AskedObject
from verification_ui.page.media_paths import MediaNames

ON, OFF, UNSURE = "on_object", "off_object", "unsure"
"""Answers for a single point, in the frame view and to a blind question."""

MODEL_VERSION = "pointvos"


@dataclass(frozen=True, slots=True)
class Payload:
    """One task as it is imported.

    Attributes:
        task_key: our key; Label Studio's own ids are never used as keys, it gives them again after a deletion.
        body: JSON-ready ``{"data": …, "predictions": …}``.
    """

    task_key: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Everything about one task that its payload shows.

    Attributes:
        task: the task.
        candidates: its candidates, in its order.
        asked: the object.
        names: the pictures and the clip.
        height: of the frame in pixels.
        width: of the frame in pixels.
        has_clip: the clip could be made.
    """

    task: ReviewTask
    candidates: Sequence[PointCandidate]
    asked: AskedObject
    names: MediaNames
    height: int
    width: int
    has_clip: bool = False


def payload(question: Question) -> Payload:
    """The payload of a task of any design."""
    task, names = question.task, question.names
    data: dict[str, Any] = {
        "task_key": task.task_key, "video_id": task.video_id, "object_id": task.object_id,
        "frame_idx": task.frame_idx, "round": task.round, "priority": round(task.priority, 4),
        "n_points": len(task.candidate_ids), "question": figures.question_html(task, question.asked),
        "reference": figures.picture_html("The object, where it was pointed out", names.reference, "pv-reference"),
        "clip": figures.clip_html(names.clip, question.has_clip),
    }  # fmt: skip
    if task.design == "frame":
        data["image"] = figures.media_url(names.frame)
        data["frame"] = figures.picture_html("The frame without points", names.frame, "pv-frame")
        return Payload(task.task_key, {"data": data, "predictions": [_prediction(question)]})
    data |= _blind_data(question) if task.is_blind else _sheet_data(question)
    return Payload(task.task_key, {"data": data})


def _sheet_data(question: Question) -> dict[str, Any]:
    task, names, candidates = question.task, question.names, question.candidates
    return {
        "question": figures.question_html(task, question.asked) + sheet.sheet_style(candidates, names.crops),
        "frame": figures.picture_html(
            f"Frame {task.frame_idx}, with all pixels", names.frame, "pv-frame", _places_percent(question)
        ),
        "points": list(sheet.tiles(candidates)),
        "unsure": list(sheet.doubts(candidates)),
    }


def _blind_data(question: Question) -> dict[str, Any]:
    """Nothing here may depend on what the candidate claims."""
    names = question.names
    return {
        "crop": figures.picture_html("The pixel, magnified", names.crops, "pv-crop"),
        "frame": figures.picture_html(f"Frame {question.task.frame_idx}", names.frame, "pv-frame"),
    }


def _places_percent(question: Question) -> list[tuple[float, float]]:
    """(x, y) of the middle of every candidate's pixel, in percent of the frame."""
    xy = np.array([(c.x, c.y) for c in question.candidates])
    percent = pixel_to_percent(xy, question.width, question.height)
    return [(float(x), float(y)) for x, y in percent]


def _prediction(question: Question) -> dict[str, Any]:
    places = zip(question.candidates, _places_percent(question), strict=True)
    regions = [_region(question, candidate, x, y) for candidate, (x, y) in places]
    return {"model_version": MODEL_VERSION, "result": regions}


def _region(question: Question, candidate: PointCandidate, x: float, y: float) -> dict[str, Any]:
    if "#" in candidate.candidate_id:
        raise ValueError(f"candidate id {candidate.candidate_id!r} holds '#', which Label Studio cuts off")
    return {
        "id": candidate.candidate_id,
        "from_name": "points",
        "to_name": "image",
        "type": "keypointlabels",
        "original_width": question.width,
        "original_height": question.height,
        "image_rotation": 0,
        "value": {"x": x, "y": y, "width": 0.5, "keypointlabels": [ON if candidate.is_fg_candidate else OFF]},
        "meta": {"candidate_id": candidate.candidate_id},
    }
