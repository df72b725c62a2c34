"""How far a review is: done, left, who did how much, how fast, how long the rest takes, and agreement so far."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from schemas.reviews import ReviewTask, Skip, Verdict
from stages.consensus.bootstrap import Estimate
from stages.consensus.kappa import fleiss_kappa, percentage_agreement
from stages.consensus.opinions import counted_verdicts
from stages.consensus.pace import Pace, PaceTally
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
    tally = ProgressTally(frozenset(task.task_key for task in tasks), hidden)
    tally.add(verdicts)
    return tally.progress(n_people, skips, now)


@dataclass(slots=True, eq=False)
class ProgressTally:
    """Takes the verdicts in parts, each with all of its candidates; what it keeps grows with the tasks.

    Attributes:
        task_keys: of one design.
        hidden: gold candidates.
    """

    task_keys: Collection[str]
    hidden: Collection[str] = ()
    _people: dict[str, _Work] = field(default_factory=lambda: defaultdict(_Work))
    _pace: PaceTally[str] = field(default_factory=PaceTally)
    _votes: list[Votes] = field(default_factory=list)

    def add(self, verdicts: Iterable[Verdict]) -> None:
        """Take verdicts in any order; those on other tasks do not count."""
        counted = counted_verdicts(verdict for verdict in verdicts if verdict.task_key in self.task_keys)
        for verdict in (verdict for group in counted.values() for verdict in group):
            self._people[verdict.annotator].add(verdict)
            self._pace.add(verdict, verdict.annotator)
        several = (group for name, group in counted.items() if len(group) > 1 and name not in self.hidden)
        self._votes.append(Votes.of(verdict for group in several for verdict in group))

    def progress(self, n_people: int, skips: Iterable[Skip], now: datetime) -> Progress:
        """How far it is; arguments as of :func:`progress_of`."""
        skipped = [skip for skip in skips if skip.task_key in self.task_keys]
        n_answers = Counter(key for work in self._people.values() for key in work.seconds)
        done = {key for key, n in n_answers.items() if n >= n_people}
        n_left = sum(max(n_people - n_answers[key], 0) for key in self.task_keys)
        annotators = self._annotators(skipped)
        votes = Votes.joined(self._votes)
        seconds = [seconds for work in self._people.values() for seconds in work.seconds.values()]
        left_s = n_left * median(seconds) if seconds else None
        n_at_work = sum(now - person.last_at <= AT_WORK for person in annotators)
        return Progress(
            n_tasks=len(self.task_keys),
            n_people=n_people,
            n_done=len(done),
            n_begun=len(n_answers) - len(done),
            n_skipped=len({skip.task_key for skip in skipped} - done),
            n_answers_left=n_left,
            annotators=annotators,
            agreement=percentage_agreement(votes),
            fleiss=fleiss_kappa(votes),
            left_s=left_s,
            eta_s=left_s / n_at_work if left_s is not None and n_at_work else None,
        )

    def _annotators(self, skips: Sequence[Skip]) -> tuple[AnnotatorProgress, ...]:
        skipped: dict[str, list[Skip]] = defaultdict(list)
        for skip in skips:
            skipped[skip.annotator].append(skip)
        paces = self._pace.paces()
        people = [
            _annotator(name, self._people.get(name, _Work()), paces.get(name), skipped.get(name, []))
            for name in {*self._people, *skipped}
        ]
        return tuple(sorted(people, key=lambda p: (-p.n_tasks, p.annotator)))


@dataclass(slots=True)
class _Work:
    """One person's answers: seconds by task, how many, how many unsure, the latest."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    n_points: int = 0
    n_unsure: int = 0
    last_at: datetime | None = None

    def add(self, verdict: Verdict) -> None:
        self.seconds[verdict.task_key] += verdict.lead_time_s
        self.n_points += 1
        self.n_unsure += verdict.status == "AMBIGUOUS"
        self.last_at = max(self.last_at or verdict.decided_at, verdict.decided_at)


def _annotator(name: str, work: _Work, pace: Pace | None, skipped: Sequence[Skip]) -> AnnotatorProgress:
    return AnnotatorProgress(
        annotator=name,
        n_tasks=pace.n_tasks if pace else 0,
        n_points=work.n_points,
        n_unsure=work.n_unsure,
        n_skipped=len(skipped),
        # a median: half of the people may have gone for a coffee without moving it
        seconds_a_task=median(work.seconds.values()) if work.seconds else 0.0,
        seconds_a_point=pace.seconds_a_point if pace else 0.0,
        last_at=max([*([work.last_at] if work.last_at else []), *(skip.decided_at for skip in skipped)]),
    )
