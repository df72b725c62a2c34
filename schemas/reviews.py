"""What people are asked, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schemas.checks import require_choice, require_text
from schemas.points import STATUSES

DESIGNS = ("contact_sheet", "frame", "single", "second_look", "adjudication")
BLIND_DESIGNS = ("single", "second_look", "adjudication")
"""Designs that ask about one pixel and show no claim."""

VERDICT_SOURCES = ("label_studio", "simulated")


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """One task of the queue: some candidates of one object on one frame.

    Attributes:
        task_key: our key, the same for the same question whenever it is built; never a server's id.
        video_id: the video.
        object_id: the object that is asked about.
        frame_idx: 0-based decode index.
        round: correction round.
        design: one of DESIGNS; ``second_look`` asks like ``single``, where one person's answer contradicts the
            proposal; ``adjudication`` does, where annotators differ.
        candidate_ids: the candidates, in the order in which they are shown.
        priority: larger is asked first.
    """

    task_key: str
    video_id: str
    object_id: str
    frame_idx: int
    round: int
    design: str
    candidate_ids: tuple[str, ...]
    priority: float

    def __post_init__(self) -> None:
        require_text("task_key", self.task_key)
        require_choice("review design", self.design, DESIGNS)
        if not self.candidate_ids:
            raise ValueError(f"task {self.task_key!r} asks about nothing")

    @property
    def is_blind(self) -> bool:
        """It asks about one pixel and shows no claim."""
        return self.design in BLIND_DESIGNS


@dataclass(frozen=True, slots=True)
class Verdict:
    """One person's answer to one candidate.

    Attributes:
        candidate_id: the candidate.
        status: ACCEPTED (on the object), REJECTED (off it), AMBIGUOUS. Never "candidate right or wrong".
        annotator: who.
        source: ``label_studio`` or ``simulated``.
        lead_time_s: seconds that the whole task took, shared over its candidates.
        task_key: the task.
        annotation_id: the server's id of the annotation, or a simulated one.
        decided_at: when, in UTC.
        flag: what the person said of the whole frame (``wrong_object``, ``bad_frame``, ``absent``), or empty.
        note: what the person wrote beside the task, or empty.
        entered_by: who was logged in when the answer was last changed, where that is somebody else than ``annotator``;
            else empty.
    """

    candidate_id: str
    status: str
    annotator: str
    source: str
    lead_time_s: float
    task_key: str
    annotation_id: str
    decided_at: datetime
    flag: str = ""
    note: str = ""
    entered_by: str = ""

    def __post_init__(self) -> None:
        require_text("candidate_id", self.candidate_id)
        require_choice("status", self.status, STATUSES)
        require_choice("verdict source", self.source, VERDICT_SOURCES)
        if self.decided_at.tzinfo is None:
            raise ValueError("decided_at needs a time zone")


@dataclass(frozen=True, slots=True)
class Skip:
    """One person's refusal to answer a task.

    Attributes:
        task_key: the task.
        annotator: who.
        annotation_id: the server's id of the annotation.
        lead_time_s: seconds from opening to skipping.
        decided_at: when, in UTC.
    """

    task_key: str
    annotator: str
    annotation_id: str
    lead_time_s: float
    decided_at: datetime

    def __post_init__(self) -> None:
        require_text("task_key", self.task_key)
        if self.decided_at.tzinfo is None:
            raise ValueError("decided_at needs a time zone")
