"""How far the review is: done, left, who did how much, how fast, and how long the rest takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from schemas.reviews import ReviewTask, Verdict


@dataclass(frozen=True, slots=True)
class AnnotatorStanding:
    """One person's work.

    Attributes:
        annotator: who.
        n_tasks: tasks answered.
        n_points: candidates answered.
        seconds_per_task: median lead time.
        last_at: the latest answer.
    """

    annotator: str
    n_tasks: int
    n_points: int
    seconds_per_task: float
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole review.

    Attributes:
        n_tasks: tasks in the queue.
        n_done: tasks with at least one answer.
        annotators: most tasks first.
        eta_s: seconds of one person's work that are left, None before the first answer.
    """

    n_tasks: int
    n_done: int
    annotators: tuple[AnnotatorStanding, ...]
    eta_s: float | None

    @property
    def n_left(self) -> int:
        """Tasks without an answer."""
        return self.n_tasks - self.n_done


def standing(tasks: Sequence[ReviewTask], verdicts: Iterable[Verdict]) -> Standing:
    """The standing of ``tasks``; verdicts on anything else do not count."""
    keys = {task.task_key for task in tasks}
    answers: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.task_key in keys:
            answers[verdict.annotator, verdict.task_key].append(verdict)
    names = sorted({annotator for annotator, _ in answers})
    people = [_annotator(name, [given for (who, _), given in answers.items() if who == name]) for name in names]
    n_done = len({key for _, key in answers})
    pace = median(_seconds(given) for given in answers.values()) if answers else None
    return Standing(
        n_tasks=len(keys),
        n_done=n_done,
        annotators=tuple(sorted(people, key=lambda p: (-p.n_tasks, p.annotator))),
        eta_s=None if pace is None else pace * (len(keys) - n_done),
    )


def _annotator(name: str, answers: Sequence[Sequence[Verdict]]) -> AnnotatorStanding:
    return AnnotatorStanding(
        annotator=name,
        n_tasks=len(answers),
        n_points=sum(len(given) for given in answers),
        seconds_per_task=median(_seconds(given) for given in answers),
        last_at=max(verdict.decided_at for given in answers for verdict in given),
    )


def _seconds(answer: Iterable[Verdict]) -> float:
    return sum(verdict.lead_time_s for verdict in answer)
