"""How long people need: active seconds a point, with the time that they were away trimmed off."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from schemas.reviews import Verdict

Key = TypeVar("Key", bound=Hashable)

_MAD_TO_SIGMA = 1.4826
_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Work of one kind.

    Attributes:
        n_tasks: tasks answered, each by each annotator.
        n_points: candidates answered in them.
        active_s: lead time of all tasks, idle time trimmed.
        trimmed_s: what was trimmed.
    """

    n_tasks: int
    n_points: int
    active_s: float
    trimmed_s: float

    @property
    def seconds_a_point(self) -> float:
        """Active seconds a point."""
        return self.active_s / self.n_points


def paces(verdicts: Iterable[Verdict], key: Callable[[Verdict], Key]) -> dict[Key, Pace]:
    """Active seconds by ``key`` (annotator, object, design …), sorted by first appearance.

    The lead time of a task ends only when it is submitted, so a coffee is in it. Per annotator, a task's seconds a
    point are capped at median + 3 · 1.4826 · MAD of that annotator's tasks: beyond that it was no work.
    """
    tally: PaceTally[Key] = PaceTally()
    for verdict in verdicts:
        tally.add(verdict, key(verdict))
    return tally.paces()


@dataclass(slots=True, eq=False)
class PaceTally(Generic[Key]):
    """Counts work, verdict by verdict; what it keeps grows with the tasks."""

    _leads: dict[str, dict[str, tuple[str, float]]] = field(default_factory=lambda: defaultdict(dict))
    """By annotator and task, seconds a point and the last candidate by id, from which they are."""
    _counts: dict[Key, Counter[tuple[str, float]]] = field(default_factory=lambda: defaultdict(Counter))
    _tasks: dict[Key, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))

    def add(self, verdict: Verdict, key: Key) -> None:
        """Count a verdict. Its lead time is its task's, shared evenly over its points."""
        by_task, lead = self._leads[verdict.annotator], (verdict.candidate_id, verdict.lead_time_s)
        by_task[verdict.task_key] = max(by_task.get(verdict.task_key, lead), lead)
        self._counts[key][verdict.annotator, verdict.lead_time_s] += 1
        self._tasks[key].add((verdict.annotator, verdict.task_key))

    def paces(self) -> dict[Key, Pace]:
        """What the work comes to."""
        limits = {annotator: _limit([lead for _, lead in found.values()]) for annotator, found in self._leads.items()}
        return {key: _pace(counts, limits, len(self._tasks[key])) for key, counts in self._counts.items()}


def _pace(counts: Mapping[tuple[str, float], int], limits: Mapping[str, float], n_tasks: int) -> Pace:
    active = [(min(lead, limits[annotator]), lead, n) for (annotator, lead), n in counts.items()]
    return Pace(
        n_tasks,
        sum(counts.values()),
        math.fsum(seconds * n for seconds, _, n in active),
        math.fsum((lead - seconds) * n for seconds, lead, n in active),
    )


def _limit(leads: Sequence[float]) -> float:
    """Most seconds a point of an annotator, given those of all tasks."""
    values = np.array(leads, dtype=np.float64)
    middle = float(np.median(values))
    return middle + _SIGMAS * _MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
