"""The tasks of one review design with what they ask about, partitioned into ranges of task keys for a pull.

Tasks lie in the order in which they are asked. They are partitioned by ranges of videos first, where they meet their
candidates; those that have lost any are outdated and go no further.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.runs.units import unit_rows
from schemas import tables
from schemas.gold import Gold
from schemas.partitioned_files import read_partition, write_partitioned
from schemas.ranges import VideoRange
from schemas.remote_paths import AnyPath
from schemas.table_pieces import read_pieces
from verification_ui.queue.asked_tasks import Questions, partition_by_key, read_part

PART_POINTS = 100_000
"""Points that the tasks of a part ask about, about."""
_TASKS_AT_ONCE = 10_000
_TASKS, _CANDIDATES = "tasks", "candidates"
_ASKED = tables.CANDIDATES.schema.insert(0, pa.field("task_key", pa.string()))


@dataclass(frozen=True, slots=True)
class PartitionedTasks:
    """An :class:`~verification_ui.queue.asked_tasks.AskedTasks` in files.

    Attributes:
        folder: of the files.
        bounds: the first key of every part but the first.
    """

    folder: Path
    bounds: Sequence[str]

    def keys(self, number: int) -> Collection[str]:
        """See ``AskedTasks``."""
        return frozenset(read_part(self.folder, _TASKS, number, tables.TASKS.schema)["task_key"].to_pylist())

    def questions(self, number: int, keys: Collection[str]) -> Questions:
        """See ``AskedTasks``."""
        if not keys:
            return {}, {}
        wanted = pa.array(list(keys), pa.string())
        tasks, candidates = (
            rows.filter(pc.is_in(rows["task_key"], wanted))
            for rows in (
                read_part(self.folder, _TASKS, number, tables.TASKS.schema),
                read_part(self.folder, _CANDIDATES, number, _ASKED),
            )
        )
        asked = tables.CANDIDATES.records(candidates.drop_columns("task_key"))
        return (
            {task.task_key: task for task in tables.TASKS.records(tasks)},
            {candidate.candidate_id: candidate for candidate in asked},
        )

    def has_any(self) -> bool:
        """Whether there is a task."""
        return any(self.keys(number) for number in range(len(self.bounds) + 1))

    def partition(self, number: int, tasks: pa.Table, candidates: pa.Table) -> None:
        """Partition the tasks of a range of videos, and the candidates that they ask about with the key of the task."""
        for kind, rows in ((_TASKS, tasks), (_CANDIDATES, candidates)):
            partition_by_key(self.folder / f"{kind}-{number:06d}.arrow", rows, self.bounds)


@contextmanager
def partition_tasks(run: RunFolder, files: Sequence[AnyPath]) -> Iterator[PartitionedTasks]:
    """The tasks in some files of a run's ``tasks`` table; the temporary files are removed when the block ends."""
    with TemporaryDirectory(prefix="pointvos-") as folder:
        partitioned = PartitionedTasks(Path(folder), _bounds(files))
        for number, (tasks, known) in enumerate(_current(run, files)):
            places = pc.index_in(tasks["candidate_ids"].combine_chunks().flatten(), known["candidate_id"])
            owners = tasks["task_key"].take(pc.list_parent_indices(tasks["candidate_ids"].combine_chunks()))
            partitioned.partition(number, tasks, known.take(places).add_column(0, "task_key", owners))
        yield partitioned


def current_keys(run: RunFolder, files: Sequence[AnyPath]) -> frozenset[str]:
    """The keys of the tasks in some files of a run's ``tasks`` table, less those that are outdated."""
    return frozenset(key for tasks, _ in _current(run, files) for key in tasks["task_key"].to_pylist())


def _current(run: RunFolder, files: Sequence[AnyPath]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Tasks whose candidates are all there, and the candidates of the same videos, range by range."""
    if not files:
        return
    golds = {gold.of_candidate_id: gold for gold in tables.GOLD.records(tables.GOLD.read(run.path))}
    ranges = in_ranges(video_keys(run))
    with TemporaryDirectory(prefix="pointvos-") as folder:
        partitioned = list(_partition_by_range(Path(folder), files, ranges))
        for found in ranges:
            tasks = pa.Table.from_batches(
                [read_partition(path, found.number) for path in partitioned], tables.TASKS.schema
            )
            if tasks.num_rows:
                known = _candidates(run, found, golds)
                yield tasks.filter(_is_current(tasks, known["candidate_id"])), known


def _partition_by_range(folder: Path, files: Sequence[AnyPath], ranges: Sequence[VideoRange]) -> Iterator[Path]:
    """Partition tasks by the ranges of their videos, those of other videos left out; yields the files."""
    homes = {key.video_id: found.number for found in ranges for key in found.videos}
    for number, rows in enumerate(read_pieces(tables.TASKS, files, tables.TASKS.schema.names, _TASKS_AT_ONCE)):
        home = np.array([homes.get(video_id, -1) for video_id in rows["video_id"].to_pylist()], dtype=np.int64)
        path = folder / f"{number:06d}.arrow"
        write_partitioned(path, rows.filter(pa.array(home >= 0)), home[home >= 0], len(ranges))
        yield path


def _candidates(run: RunFolder, found: VideoRange, golds: Mapping[str, Gold]) -> pa.Table:
    """All candidates of a range of videos, and gold replacing some of them."""
    drawn = pa.concat_tables([unit_rows(run, tables.CANDIDATES, key) for key in found.videos])
    drawn = drawn.replace_schema_metadata()
    planted = [golds.get(name) for name in drawn["candidate_id"].to_pylist()] if golds else []
    places = [place for place, gold in enumerate(planted) if gold]
    shown = [gold for gold in planted if gold]
    gold_rows = drawn.take(pa.array(places, pa.int64()))
    for name in ("candidate_id", "is_fg_candidate"):
        column = pa.array([getattr(gold, name) for gold in shown], drawn.schema.field(name).type)
        gold_rows = gold_rows.set_column(drawn.schema.get_field_index(name), name, column)
    return pa.concat_tables([drawn, gold_rows])


def _is_current(tasks: pa.Table, known: pa.ChunkedArray) -> pa.Array:
    """Of each task, whether all its candidates are known."""
    asked = tasks["candidate_ids"].combine_chunks()
    is_known = pc.is_in(asked.flatten(), known).to_numpy(zero_copy_only=False)
    n_known = np.bincount(pc.list_parent_indices(asked).to_numpy(), is_known, len(asked))
    return pa.array(n_known == pc.list_value_length(asked).to_numpy())


def _bounds(files: Sequence[AnyPath]) -> list[str]:
    """The keys at which parts of about :data:`PART_POINTS` points begin, but for the first."""
    keys, sizes = list[pa.Array](), [np.empty(0, dtype=np.int64)]
    for rows in read_pieces(tables.TASKS, files, ["task_key", "candidate_ids"], _TASKS_AT_ONCE):
        keys += rows["task_key"].chunks
        sizes.append(pc.list_value_length(rows["candidate_ids"]).to_numpy())
    found = pa.chunked_array(keys, pa.string())
    order = pc.sort_indices(found)
    ends = np.cumsum(np.concatenate(sizes)[order.to_numpy()])
    _, firsts = np.unique(ends // PART_POINTS, return_index=True)
    return sorted(set(found.take(order.take(pa.array(firsts[1:]))).to_pylist()))
