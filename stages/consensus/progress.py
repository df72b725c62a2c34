"""How far a review is: done, left, who did how much, how fast, how long the rest takes, and agreement so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from schemas.reviews import ReviewTask, Skip, Verdict
from stages.consensus.bootstrap import Estimate
from stages.consensus.kappa import fleiss_kappa, percentage_agreement
from stages.consensus.pace import paces
from stages.consensus.votes import Votes

AT_WORK = timedelta(minutes=15)
"""Whoever answered within this time before now is at work."""


@dataclass(frozen=True, slots=True)
class AnnotatorProgress:
    """One person's work.

    Attributes:
        annotator: who.
        n_tasks: tasks answered.
        n_points: candidates answered.
        n_unsure: of these AMBIGUOUS.
        n_skipped: tasks skipped.
        seconds_a_task: median of active seconds; 0 before the first answer.
        seconds_a_point: active seconds, time away trimmed.
        last_at: the latest answer or skip.
    """

    annotator: str
    n_tasks: int
    n_points: int
    n_unsure: int
    n_skipped: int
    seconds_a_task: float
    seconds_a_point: float
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """The whole queue of one design.

    Attributes:
        n_tasks: tasks in the queue.
        n_people: different people who have to answer each.
        n_done: tasks that so many have answered.
        n_begun: tasks that some, but not enough have answered.
        n_skipped: tasks that are not done and that somebody would not answer.
        n_answers_left: answers of one person to one task that are still wanted.
        annotators: most tasks first.
        agreement: chance that two people say the same of a candidate.
        fleiss: Fleiss' κ.
        left_s: seconds of one person's work that are left, None before the first answer.
        eta_s: seconds until those at work are through, None when nobody is.
    """

    n_tasks: int
    n_people: int
    n_done: int
    n_begun: int
    n_skipped: int
    n_answers_left: int
    annotators: tuple[AnnotatorProgress, ...]
    agreement: Estimate
    fleiss: Estimate
    left_s: float | None
    eta_s: float | None

    @property
    def n_left(self) -> int:
        """Tasks that are not done."""
        return self.n_tasks - self.n_done


def progress_of(
    tasks: Sequence[ReviewTask],
    n_people: int,
    verdicts: Iterable[Verdict],
    skips: Iterable[Skip],
    now: datetime,
    hidden: Collection[str] = (),
) -> Progress:
    """The progress of ``tasks``; answers to anything else do not count.

    Args:
        tasks: of one design.
        n_people: different people who have to answer each.
        verdicts: in any order; the latest of each person and candidate counts.
        skips: one of each person and task.
        now: the present, in UTC.
        hidden: gold candidates; they are work, but no measure of agreement.
    """
    keys = {task.task_key for task in tasks}
    given = _latest(verdict for verdict in verdicts if verdict.task_key in keys)
    skipped = [skip for skip in skips if skip.task_key in keys]
    answered_by: dict[str, set[str]] = defaultdict(set)
    for verdict in given:
        answered_by[verdict.task_key].add(verdict.annotator)
    done = {key for key, people in answered_by.items() if len(people) >= n_people}
    n_left = sum(max(n_people - len(answered_by.get(key, ())), 0) for key in keys)
    annotators = _annotators(given, skipped)
    votes = Votes.of(verdict for verdict in given if verdict.candidate_id not in hidden)
    left_s = n_left * _seconds_a_task(given) if given else None
    n_at_work = sum(now - person.last_at <= AT_WORK for person in annotators)
    return Progress(
        n_tasks=len(keys),
        n_people=n_people,
        n_done=len(done),
        n_begun=len(answered_by) - len(done),
        n_skipped=len({skip.task_key for skip in skipped} - done),
        n_answers_left=n_left,
        annotators=annotators,
        agreement=percentage_agreement(votes),
        fleiss=fleiss_kappa(votes),
        left_s=left_s,
        eta_s=left_s / n_at_work if left_s is not None and n_at_work else None,
    )


def _latest(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """A task may have been answered again in a project that was made again."""
    return list({(v.annotator, v.candidate_id): v for v in sorted(verdicts, key=lambda v: v.decided_at)}.values())


def _annotators(verdicts: Sequence[Verdict], skips: Sequence[Skip]) -> tuple[AnnotatorProgress, ...]:
    given: dict[str, list[Verdict]] = defaultdict(list)
    skipped: dict[str, list[Skip]] = defaultdict(list)
    for verdict in verdicts:
        given[verdict.annotator].append(verdict)
    for skip in skips:
        skipped[skip.annotator].append(skip)
    people = [_annotator(name, given.get(name, []), skipped.get(name, [])) for name in {*given, *skipped}]
    return tuple(sorted(people, key=lambda p: (-p.n_tasks, p.annotator)))


def _annotator(name: str, given: Sequence[Verdict], skipped: Sequence[Skip]) -> AnnotatorProgress:
    pace = paces(given, lambda verdict: verdict.annotator).get(name)
    return AnnotatorProgress(
        annotator=name,
        n_tasks=pace.n_tasks if pace else 0,
        n_points=len(given),
        n_unsure=sum(verdict.status == "AMBIGUOUS" for verdict in given),
        n_skipped=len(skipped),
        seconds_a_task=_seconds_a_task(given) if given else 0.0,
        seconds_a_point=pace.seconds_a_point if pace else 0.0,
        last_at=max([v.decided_at for v in given] + [s.decided_at for s in skipped]),
    )


def _seconds_a_task(given: Sequence[Verdict]) -> float:
    """Median over tasks; half of the people may have gone for a coffee without moving it."""
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    for verdict in given:
        seconds[verdict.annotator, verdict.task_key] += verdict.lead_time_s
    return median(seconds.values())
