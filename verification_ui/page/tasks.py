"""Candidates → review tasks: one task for each object on each frame, in the order in which people should see them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from schemas.checks import require_choice
from schemas.points import PointCandidate
from schemas.reviews import BLIND_DESIGNS, DESIGNS, ReviewTask
from verification_ui.page.hotkeys import CANDIDATE_KEYS

_NAMESPACE = uuid.UUID("5d0a8a0e-6a8e-5f0b-9a0c-3f6f1d2c7b11")
_ObjectFrame = tuple[str, str, int, int]


def task_key(
    video_id: str, object_id: str, frame_idx: int, round_: int, design: str, candidate_ids: Sequence[str]
) -> str:
    """32 hex digits that are the same for the same question, whenever and wherever it is built."""
    question = (video_id, object_id, str(frame_idx), str(round_), design, *candidate_ids)
    return uuid.uuid5(_NAMESPACE, "".join(f"{len(part)}:{part}" for part in question)).hex


def build_tasks(candidates: Iterable[PointCandidate], design: str) -> list[ReviewTask]:
    """The queue, first task first.

    Candidates of one object-frame make one task, those that the mask calls foreground first; more than a keyboard
    has keys for make several. A blind task asks one candidate, and those of one object-frame follow each other in
    an order that has nothing to do with what they claim. Priority is what an answer is worth: the object's doubt,
    1 − its worst quality, which is low where masks are poor and where the passes forward and backward in time
    disagree. The frames of one object stay together, in time order, so that a person sees one story at a time.

    Raises:
        ValueError: unknown design, or a candidate id is there twice.
    """
    require_choice("review design", design, DESIGNS)
    frames: dict[_ObjectFrame, list[PointCandidate]] = defaultdict(list)
    doubt: dict[tuple[str, str], float] = defaultdict(float)
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.candidate_id in seen:
            raise ValueError(f"candidate {candidate.candidate_id!r} is in the run twice")
        seen.add(candidate.candidate_id)
        frames[candidate.video_id, candidate.object_id, candidate.frame_idx, candidate.round].append(candidate)
        asked = (candidate.video_id, candidate.object_id)
        doubt[asked] = max(doubt[asked], 1.0 - candidate.quality)
    tasks = [task for key in frames for task in _frame_tasks(key, frames[key], design, doubt[key[:2]])]
    return sorted(tasks, key=queue_order)


def again(task: ReviewTask, excluded: Iterable[str]) -> ReviewTask:
    """The same question as another task, because the verdicts of those who answered it are ignored now."""
    names = "".join(f"{len(name)}:{name}" for name in sorted(excluded))
    return replace(task, task_key=uuid.uuid5(_NAMESPACE, f"{task.task_key} without {names}").hex)


def queue_order(task: ReviewTask) -> tuple[float, str, str, int, int, str]:
    """Sort key of the queue: most doubtful object first, its frames together and in time order."""
    return -task.priority, task.video_id, task.object_id, task.frame_idx, task.round, task.task_key


def _frame_tasks(
    key: _ObjectFrame, candidates: Iterable[PointCandidate], design: str, priority: float
) -> list[ReviewTask]:
    ordered = sorted(candidates, key=lambda c: (not c.is_fg_candidate, c.y, c.x, c.candidate_id))
    ids = [c.candidate_id for c in ordered]
    n_parts = len(ids) if design in BLIND_DESIGNS else -(-len(ids) // len(CANDIDATE_KEYS))
    parts = [tuple(ids[i::n_parts]) for i in range(n_parts)]
    return [ReviewTask(task_key(*key, design, part), *key, design, part, priority) for part in parts]
