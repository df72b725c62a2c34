"""How long people need: active seconds per point, with the time that they were away trimmed off."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.reviews import Verdict

Key = TypeVar("Key", bound=Hashable)

_MAD_TO_SIGMA = 1.4826
_SIGMAS = 3.0
_HELD = 1 << 17
"""Verdicts that are held one by one before they are added up."""
_ROWS = pa.schema(
    [
        ("key", pa.int32()),
        ("annotator", pa.int32()),
        ("task", pa.string()),
        ("lead_s", pa.float64()),
        ("n", pa.int64()),
    ]
)
"""How many verdicts of one annotator on one task took equally long."""

Floats = NDArray[np.float64]


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
        """Active seconds per point."""
        return self.active_s / self.n_points


def paces(verdicts: Iterable[Verdict], key: Callable[[Verdict], Key]) -> dict[Key, Pace]:
    """Active seconds by ``key`` (annotator, object, design …), sorted by first appearance.

    The lead time of a task ends only when it is submitted, so a coffee is in it. Per annotator, a task's seconds a
    point are capped at median + 3 · 1.4826 · MAD of that annotator's tasks: beyond that it was no work. Verdicts of one
    task that took unequally long, because some were given again, make it a task of the longest.
    """
    tally: PaceTally[Key] = PaceTally()
    for verdict in verdicts:
        tally.add(verdict, key(verdict))
    return tally.paces()


@dataclass(slots=True, eq=False)
class PaceTally(Generic[Key]):
    """Counts work, verdict by verdict; what it keeps is about one row a task and annotator."""

    _keys: dict[Key, int] = field(default_factory=dict)
    _annotators: dict[str, int] = field(default_factory=dict)
    _held: list[tuple[int, int, str, float, int]] = field(default_factory=list)
    _counted: list[pa.Table] = field(default_factory=list)
    """Rows that were added up: most of them in the first table, those since then in the others."""

    def add(self, verdict: Verdict, key: Key) -> None:
        """Count a verdict. Its lead time is its task's, shared evenly over its points."""
        place = self._keys.setdefault(key, len(self._keys))
        who = self._annotators.setdefault(verdict.annotator, len(self._annotators))
        self._held.append((place, who, verdict.task_key, verdict.lead_time_s, 1))
        if len(self._held) >= _HELD:
            self._count_held()

    def paces(self) -> dict[Key, Pace]:
        """What the work comes to."""
        self._count_held()
        rows = _added_up(self._counted)
        limits = _limits(rows, len(self._annotators))
        tasks = rows.group_by(["key", "annotator", "task"]).aggregate([]).group_by("key").aggregate([([], "count_all")])
        n_tasks = dict(zip(tasks["key"].to_pylist(), tasks["count_all"].to_pylist(), strict=True))
        leads = rows.group_by(["key", "annotator", "lead_s"]).aggregate([("n", "sum")]).sort_by("key")
        ends = np.searchsorted(leads["key"].to_numpy(), np.arange(len(self._keys) + 1))
        lead, n = leads["lead_s"].to_numpy(), leads["n_sum"].to_numpy()
        active = np.minimum(lead, limits[leads["annotator"].to_numpy()])
        return {
            key: _pace(n_tasks[place], n[start:end], active[start:end], lead[start:end])
            for (key, place), (start, end) in zip(self._keys.items(), pairwise(ends), strict=True)
        }

    def _count_held(self) -> None:
        columns = zip(*self._held, strict=True) if self._held else [()] * len(_ROWS)
        arrays = [pa.array(column, kind.type) for column, kind in zip(columns, _ROWS, strict=True)]
        self._counted.append(_added_up([pa.Table.from_arrays(arrays, schema=_ROWS)]))
        self._held = []
        first, *others = (len(table) for table in self._counted)
        if sum(others) >= first:
            self._counted = [_added_up(self._counted)]


def _added_up(rows: Sequence[pa.Table]) -> pa.Table:
    whole = pa.concat_tables(rows).group_by(["key", "annotator", "task", "lead_s"])
    return whole.aggregate([("n", "sum")]).rename_columns({"n_sum": "n"}).select(_ROWS.names)


def _limits(rows: pa.Table, n_annotators: int) -> Floats:
    """(A,) maximum seconds per point of each annotator, given all tasks."""
    tasks = rows.group_by(["annotator", "task"]).aggregate([("lead_s", "max")]).sort_by("annotator")
    ends = np.searchsorted(tasks["annotator"].to_numpy(), np.arange(n_annotators + 1))
    leads = tasks["lead_s_max"].to_numpy()
    return np.array([_limit(leads[start:end]) for start, end in pairwise(ends)])


def _limit(leads: Floats) -> float:
    middle = float(np.median(leads))
    return middle + _SIGMAS * _MAD_TO_SIGMA * float(np.median(np.abs(leads - middle)))


def _pace(n_tasks: int, n: NDArray[np.int64], active: Floats, lead: Floats) -> Pace:
    return Pace(n_tasks, int(n.sum()), math.fsum((active * n).tolist()), math.fsum(((lead - active) * n).tolist()))
