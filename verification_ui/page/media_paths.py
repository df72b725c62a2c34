"""Where the pictures and clips of a task lie below the media folder of a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from schemas.reviews import ReviewTask
from verification_ui.page.asked_objects import AskedObject

QUEUE = "queue"
"""Everything that is served lies in this subfolder of the media folder."""

VERSION = "2"
"""Raised when the drawing changes, so that old pictures are not taken for new ones."""


@dataclass(frozen=True, slots=True)
class MediaNames:
    """The files of one task, as POSIX paths below the media folder.

    Attributes:
        crops: the magnified crops side by side; empty for a design that shows none.
        frame: the whole frame.
        reference: the object where it was localized, shared by all tasks that show the same one.
        clip: what happens around the frame, shared by all tasks on that frame.
    """

    crops: str
    frame: str
    reference: str
    clip: str

    @property
    def pictures(self) -> tuple[str, ...]:
        """All but the clip."""
        return tuple(name for name in (self.crops, self.frame, self.reference) if name)


def media_names(task: ReviewTask, asked: AskedObject) -> MediaNames:
    """Short, safe and stable names; a blind task has a reference of its own, which shows no outline."""
    shown = _hash(task.video_id, str(task.frame_idx))
    reference = _hash(task.video_id, task.object_id, str(asked.anchor_near(task.frame_idx)))
    own = f"{QUEUE}/{task.task_key[:2]}/{_hash(task.task_key)}"
    is_in_place, is_blind = task.design == "frame", task.is_blind
    return MediaNames(
        crops="" if is_in_place else f"{own}-s.jpg",
        frame=f"{QUEUE}/frames/{shown}.jpg" if is_in_place else f"{own}-f.jpg",
        reference=f"{QUEUE}/references/{reference}{'-b' if is_blind else ''}.jpg",
        clip=f"{QUEUE}/clips/{shown}.mp4",
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join((VERSION, *parts)).encode("utf-8", "surrogatepass")).hexdigest()[:24]
