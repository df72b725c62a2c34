"""The seam between a pull and the run: this run's tasks and what they ask about, a range of task keys at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from schemas.partitioned_files import read_partition, write_partitioned
from schemas.points import PointCandidate
from schemas.reviews import ReviewTask

Questions = tuple[Mapping[str, ReviewTask], Mapping[str, PointCandidate]]
"""Tasks by key, and by id at least the candidates that they ask about."""


class AskedTasks(Protocol):
    """The tasks of a run, less those that are outdated, in parts."""

    @property
    def bounds(self) -> Sequence[str]:
        """The first key of every part but the first, in order; without any, all keys are one part."""
        ...

    def keys(self, number: int) -> Collection[str]:
        """The keys of the tasks of one part."""
        ...

    def questions(self, number: int, keys: Collection[str]) -> Questions:
        """Some tasks of one part."""
        ...


@dataclass(frozen=True, slots=True)
class TasksInMemory:
    """Tasks in memory.

    Attributes:
        tasks: by key.
        candidates: by id.
        bounds: see :class:`AskedTasks`.
    """

    tasks: Mapping[str, ReviewTask]
    candidates: Mapping[str, PointCandidate]
    bounds: Sequence[str] = ()

    def keys(self, number: int) -> Collection[str]:
        """See :class:`AskedTasks`."""
        return {key for key in self.tasks if part_of(self.bounds, key) == number}

    def questions(self, number: int, keys: Collection[str]) -> Questions:
        """See :class:`AskedTasks`."""
        return {key: self.tasks[key] for key in keys}, self.candidates


def part_of(bounds: Sequence[str], task_key: str) -> int:
    """The part that a task is in, whether this run knows it or not."""
    return bisect_right(bounds, task_key)


def partition_by_key(path: Path, rows: pa.Table, bounds: Sequence[str]) -> None:
    """Write rows with a column ``task_key`` to a file, partitioned into the parts that their tasks are in."""
    keys = rows["task_key"].to_pylist()
    part = np.fromiter((part_of(bounds, key) for key in keys), np.int64, len(keys))
    write_partitioned(path, rows, part, len(bounds) + 1)


def read_part(folder: Path, kind: str, number: int, schema: pa.Schema) -> pa.Table:
    """The rows of one part, of all files ``kind-*.arrow`` in a folder, in their order."""
    files = sorted(folder.glob(f"{kind}-*.arrow"))
    return pa.Table.from_batches([read_partition(file, number) for file in files], schema)
