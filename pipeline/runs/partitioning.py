"""Verdicts of a whole corpus, partitioned by candidate: a part fits into memory and has all answers to its candidates.

Verdicts lie in the order in which they were given, one file a project, so those on one candidate may be anywhere. They
are read once, a piece at a time, and every piece is written into one Arrow file whose k-th batch belongs to part k;
opinions go back to the videos in the same way. The files lie in the run's work folder under names that
depend on their source alone, so any step may be repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import unit_rows
from pipeline.runs.verdicts import CHECKING_DESIGNS, adjudicators_of
from schemas import tables
from schemas.partitioned_files import read_partition, write_partitioned
from schemas.ranges import VideoRange
from schemas.remote_paths import AnyPath
from schemas.reviews import BLIND_DESIGNS
from schemas.table_pieces import read_pieces
from schemas.tables import Table, parquet_source
from stages.consensus.aggregation import AggregatedPart, VerdictPart
from stages.consensus.opinions import Opinion
from stages.consensus.run_verdicts import RunVerdicts

PART_ROWS = 200_000
"""Verdicts of a part, about: a part takes some 300 MB while it is worked on."""
_TASKS = ("task_key", "design", "candidate_ids")
_COLUMNS: dict[str, Sequence[str]] = {
    tables.VERDICTS.name: tables.VERDICTS.schema.names,
    tables.GOLD.name: tables.GOLD.schema.names,
    tables.TASKS.name: _TASKS,
}
_CANDIDATES, _ASKED, _OPINIONS = "candidates", "asked", "opinions"
ASKED_COLUMNS = ("candidate_id", "video_id", "object_id", "frame_idx", "is_fg_candidate")

FrameKey = tuple[str, str, int]
"""(video_id, object_id, frame_idx)"""


class AskedCandidate(NamedTuple):
    """What verdicts on a candidate are about; fields as in ``PointCandidate``."""

    video_id: str
    object_id: str
    frame_idx: int
    is_fg: bool

    @property
    def frame(self) -> FrameKey:
        """One object on one frame."""
        return self.video_id, self.object_id, self.frame_idx


@dataclass(frozen=True, slots=True)
class TablePiece:
    """A row group of a file that is partitioned.

    Attributes:
        table: name of its table.
        path: the file.
        row_group: index in the file.
        number: of the piece among those of its table, in the order in which they are read.
    """

    table: str
    path: AnyPath
    row_group: int
    number: int


@dataclass(frozen=True, slots=True)
class VerdictPartitioner:
    """Partitions the verdicts of a run.

    Attributes:
        run: the run.
        folder: where partitioned rows lie until the command ends.
        n_parts: parts of candidates.
        n_ranges: ranges of videos.
    """

    run: RunFolder
    folder: AnyPath
    n_parts: int
    n_ranges: int

    def partition(self, piece: TablePiece | VideoRange) -> Iterator[str]:
        """Partition one piece of a table, or the candidates of a range of videos; yields the files written."""
        if isinstance(piece, VideoRange):
            yield self._partition(f"{_CANDIDATES}-{piece.number:06d}", self._candidates(piece))
            return
        table: Table[Any] = next(t for t in tables.TABLES if t.name == piece.table)
        found = table.batches(piece.path, piece.row_group, _COLUMNS[piece.table], PART_ROWS)
        for number, rows in enumerate(found):
            asked = _by_candidate(rows) if table is tables.TASKS else rows
            yield self._partition(f"{piece.table}-{piece.number:06d}-{number:06d}", asked)

    def partition_asked(self, found: VideoRange) -> str:
        """Partition what the candidates of a range of videos are about; the file written."""
        rows = [unit_rows(self.run, tables.CANDIDATES, key, ASKED_COLUMNS) for key in found.videos]
        return self._partition(f"{_ASKED}-{found.number:06d}", pa.concat_tables(rows).select(ASKED_COLUMNS))

    def asked(self, number: int, partitioned: Iterable[str], answered: Collection[str]) -> dict[str, AskedCandidate]:
        """What the ``answered`` candidates of one part are about; see :func:`asked_candidates`."""
        return asked_candidates(self._batches(partitioned, _ASKED, number), answered)

    def part(self, number: int, partitioned: Iterable[str]) -> VerdictPart:
        """All that was said of the candidates of one part, in the order of the tables."""
        rows = {name: list(self._batches(partitioned, name, number)) for name in _COLUMNS}
        given = tables.VERDICTS.records(_joined(tables.VERDICTS, rows[tables.VERDICTS.name]))
        golds = tables.GOLD.records(_joined(tables.GOLD, rows[tables.GOLD.name]))
        asked = list(_tuples(rows[tables.TASKS.name]))
        blind, adjudication, again = (
            frozenset(key for _, key, design in asked if design == wanted) for wanted in CHECKING_DESIGNS
        )
        verdicts = RunVerdicts(given, golds, blind, adjudication, adjudicators_of(self.run), again)
        answered, candidate_rows = verdicts.answered(), _tuples(self._batches(partitioned, _CANDIDATES, number))
        candidates = [row for row in candidate_rows if row[0] in answered]
        ranges, is_fg = {name: found for name, found, _ in candidates}, {name: claim for name, _, claim in candidates}
        return VerdictPart(number, verdicts, ranges, is_fg)

    def write_opinions(self, part: AggregatedPart) -> str:
        """Partition opinions by the video ranges of their candidates; the file written."""
        known = [(name, o) for name, o in part.opinions.items() if name in part.ranges]
        columns = {
            "candidate_id": pa.array([name for name, _ in known], pa.string()),
            "status": pa.array([o.status for _, o in known], pa.string()),
            "n_verdicts": pa.array([o.n_verdicts for _, o in known], pa.int32()),
            "decided_by": pa.array([o.decided_by for _, o in known], pa.string()),
        }
        homes = np.array([part.ranges[name] for name, _ in known], dtype=np.int64)
        name = f"{_OPINIONS}-{part.number:06d}.arrow"
        write_partitioned(self.folder / name, pa.table(columns), homes, self.n_ranges)
        return name

    def opinions(self, number: int, files: Iterable[str]) -> dict[str, Opinion]:
        """The opinions on the candidates of one range of videos, by candidate id."""
        rows = self._batches(files, _OPINIONS, number)
        return {name: Opinion(status, n, by) for name, status, n, by in _tuples(rows)}

    def _batches(self, files: Iterable[str], table: str, number: int) -> Iterator[pa.RecordBatch]:
        """The rows of one part from a table, in the order in which it was read."""
        return (read_partition(self.folder / name, number) for name in sorted(files) if name.startswith(f"{table}-"))

    def _partition(self, stem: str, rows: pa.Table) -> str:
        keys = rows["candidate_id"].to_pylist()
        part = np.fromiter((crc32(key.encode("utf-8", "surrogatepass")) for key in keys), np.int64, len(keys))
        name = f"{stem}.arrow"
        write_partitioned(self.folder / name, rows, part % self.n_parts, self.n_parts)
        return name

    def _candidates(self, found: VideoRange) -> pa.Table:
        columns = ["candidate_id", "is_fg_candidate"]
        rows = [unit_rows(self.run, tables.CANDIDATES, key, columns).select(columns) for key in found.videos]
        candidates = pa.concat_tables(rows)
        homes = pa.array([found.number] * len(candidates), pa.int32())
        return candidates.replace_schema_metadata().add_column(1, "range", homes)


def asked_candidates(rows: Iterable[pa.RecordBatch | pa.Table], answered: Collection[str]) -> dict[str, AskedCandidate]:
    """What candidates are about, by candidate id.

    Args:
        rows: candidates, with the columns :data:`ASKED_COLUMNS` in this order; one item at a time is held.
        answered: ids of those that are wanted.
    """
    return {name: AskedCandidate(*about) for name, *about in _tuples(rows) if name in answered}


def verdict_pieces(run: RunFolder) -> list[TablePiece]:
    """All pieces of the tables that tell which verdicts count."""
    return [
        TablePiece(table.name, path, row_group, number)
        for table in (tables.VERDICTS, tables.GOLD, tables.TASKS)
        for number, (path, row_group) in enumerate(_row_groups(run, table))
    ]


def verdict_rows(run: RunFolder, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of all verdicts of a run, a piece at a time."""
    return read_pieces(tables.VERDICTS, tables.VERDICTS.files(run.path), columns, PART_ROWS)


def n_parts(run: RunFolder) -> int:
    """How many parts a run's verdicts are partitioned into."""
    n_rows = sum(pq.read_metadata(parquet_source(path)).num_rows for path in tables.VERDICTS.files(run.path))
    return -(-n_rows // PART_ROWS) or 1


def _row_groups(run: RunFolder, table: Table[Any]) -> Iterator[tuple[AnyPath, int]]:
    for path in table.files(run.path):
        yield from ((path, row_group) for row_group in range(table.n_row_groups(path)))


def _by_candidate(tasks: pa.Table) -> pa.Table:
    """(candidate_id, task_key, design) of the tasks that show no claim, a row a candidate."""
    rows = zip(*(tasks[name].to_pylist() for name in _TASKS), strict=True)
    asked = [(c, key, design) for key, design, ids in rows if design in BLIND_DESIGNS for c in ids]
    columns = zip(*asked, strict=True) if asked else ((), (), ())
    arrays = [pa.array(list(column), pa.string()) for column in columns]
    return pa.table(dict(zip(("candidate_id", "task_key", "design"), arrays, strict=True)))


def _joined(table: Table[Any], batches: Sequence[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches) if batches else table.schema.empty_table()


def _tuples(batches: Iterable[pa.RecordBatch | pa.Table]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
