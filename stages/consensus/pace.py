"""How long people need: active seconds a point, with the time that they were away trimmed off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

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
    asked = list(verdicts)
    limits = _limits(asked)
    tasks: dict[Key, set[tuple[str, str]]] = defaultdict(set)
    sums: dict[Key, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for verdict in asked:
        tasks[key(verdict)].add((verdict.annotator, verdict.task_key))
        active = min(verdict.lead_time_s, limits[verdict.annotator])
        tally = sums[key(verdict)]
        tally[0] += 1
        tally[1] += active
        tally[2] += verdict.lead_time_s - active
    return {found: Pace(len(tasks[found]), int(n), active, idle) for found, (n, active, idle) in sums.items()}


def _limits(verdicts: Iterable[Verdict]) -> dict[str, float]:
    """Most seconds a point by annotator. A verdict's lead time is its task's, shared evenly over its points."""
    seconds: dict[str, dict[str, float]] = defaultdict(dict)
    for verdict in verdicts:
        seconds[verdict.annotator][verdict.task_key] = verdict.lead_time_s
    limits = {}
    for annotator, by_task in seconds.items():
        values = np.fromiter(by_task.values(), dtype=np.float64)
        middle = float(np.median(values))
        limits[annotator] = middle + _SIGMAS * _MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
    return limits
