"""Explicit, versioned Parquet schemas, and the way from records to rows and back.

A table is a folder of Parquet files. Field names of a record are the column names of its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.corrections import Correction
from schemas.gold import Gold
from schemas.localizations import Localization
from schemas.masks import Mask
from schemas.points import PointCandidate, PointLabel
from schemas.rejects import Reject
from schemas.remote_paths import AnyPath, RemotePath
from schemas.repairs import Repair
from schemas.reviews import ReviewTask, Skip, Verdict
from schemas.superseded import SupersededMask
from schemas.videos import Video
from schemas.whole_files import whole_file

SCHEMA_VERSION = 1
_READS_AT_ONCE = 16
_HELD_ROWS = 20_000
"""Of a file that is written record by record: a row group."""

_s, _i, _f, _b = pa.string(), pa.int32(), pa.float64(), pa.bool_()

VIDEOS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("uri", _s), ("n_frames", _i), ("height", _i), ("width", _i), ("fps", _f),
        ("duration_s", _f), ("codec", _s), ("rotation_deg", _i), ("n_objects", _i), ("truncated", _b),
        ("times_s", pa.list_(_f)), ("cuts", pa.list_(_i)), ("unit", _s),
        ("frame_names", pa.list_(_s)), ("lost", pa.list_(_i)),
    ]
)  # fmt: skip
LOCALIZATIONS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("kind", _s), ("x", pa.list_(_f)), ("y", pa.list_(_f)),
        ("label", pa.list_(pa.int8())), ("part", pa.list_(_i)), ("time_ms", pa.list_(pa.int64())), ("rle", _s),
        ("object_name", _s), ("expression", _s), ("group", _s), ("rule", _s), ("input_uri", _s),
    ]
)  # fmt: skip
MASKS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("height", _i), ("width", _i), ("rle", _s),
        ("source", _s), ("model", _s), ("quality", _f), ("round", _i),
    ]
)  # fmt: skip
SUPERSEDED_SCHEMA = MASKS_SCHEMA.append(pa.field("until_round", _i))
CORRECTIONS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("kind", _s), ("round", _i), ("x", pa.list_(_f)),
        ("y", pa.list_(_f)), ("label", pa.list_(pa.int8())), ("to_round", _i),
    ]
)  # fmt: skip
REPAIRS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("occasion", _s), ("model", _s), ("own_quality", _f),
        ("support", _f), ("new_quality", _f), ("new_support", _f), ("agreement", _f), ("balance", _f), ("outcome", _s),
    ]
)  # fmt: skip
CANDIDATES_SCHEMA = pa.schema(
    [
        ("candidate_id", _s), ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("x", _i), ("y", _i),
        ("is_fg_candidate", _b), ("stratum", _s), ("probability", _f), ("mask_distance_px", _f), ("quality", _f),
        ("round", _i), ("seed", pa.int64()),
    ]
)  # fmt: skip
TASKS_SCHEMA = pa.schema(
    [
        ("task_key", _s), ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("round", _i), ("design", _s),
        ("candidate_ids", pa.list_(_s)), ("priority", _f),
    ]
)  # fmt: skip
VERDICTS_SCHEMA = pa.schema(
    [
        ("candidate_id", _s), ("status", _s), ("annotator", _s), ("source", _s), ("lead_time_s", _f),
        ("task_key", _s), ("annotation_id", _s), ("decided_at", pa.timestamp("us", tz="UTC")),
        ("flag", _s), ("note", _s), ("entered_by", _s),
    ]
)  # fmt: skip
SKIPS_SCHEMA = pa.schema(
    [
        ("task_key", _s), ("annotator", _s), ("annotation_id", _s), ("lead_time_s", _f),
        ("decided_at", pa.timestamp("us", tz="UTC")),
    ]
)  # fmt: skip
POINTS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("object_name", _s), ("expression", _s), ("frame_idx", _i),
        ("time_s", _f), ("x", _i), ("y", _i), ("label", pa.int8()), ("status", _s), ("is_fg_candidate", _b),
        ("split", _s), ("segmenter", _s), ("propagator", _s), ("round", _i), ("n_verdicts", _i), ("candidate_id", _s),
        ("decided_by", _s),
    ]
)  # fmt: skip
GOLD_SCHEMA = pa.schema(
    [("candidate_id", _s), ("of_candidate_id", _s), ("is_fg_candidate", _b), ("true_status", _s), ("known_by", _s)]
)
REJECTS_SCHEMA = pa.schema([("stage", _s), ("key", _s), ("error", _s), ("detail", _s), ("input_uri", _s)])

Record = TypeVar("Record")


class ForeignTableError(ValueError):
    """A Parquet file whose schema is not the one that this version reads."""


class DamagedTableError(ValueError):
    """A Parquet file that cannot be read, or that holds rows which no command writes; the message names it."""


@dataclass(frozen=True, slots=True)
class Table(Generic[Record]):
    """A named table: the record that it holds and its explicit schema.

    Attributes:
        name: of its folder.
        record: what a row is.
        schema: all columns.
    """

    name: str
    record: type[Record]
    schema: pa.Schema

    def to_arrow(self, records: Iterable[Record], metadata: Mapping[str, str] | None = None) -> pa.Table:
        """An Arrow table of ``records``; ``metadata`` (run id, config hash) goes into the schema's metadata."""
        return self._rows(list(records)).replace_schema_metadata(self.marks(metadata or {}))

    def marks(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """What the metadata of every file of the table says, and ``metadata``."""
        return {"pointvos.table": self.name, "pointvos.schema_version": str(SCHEMA_VERSION), **metadata}

    def _rows(self, records: Sequence[Record]) -> pa.Table:
        if self.record is Localization:
            return pa.Table.from_pylist([record.to_row() for record in records], schema=self.schema)  # type: ignore[attr-defined]
        columns = {name: list(map(attrgetter(name), records)) for name in self.schema.names}
        return pa.Table.from_pydict(columns, schema=self.schema)

    def write(self, path: AnyPath, records: Iterable[Record], metadata: Mapping[str, str] | None = None) -> None:
        """Write one zstd Parquet file under a temporary name, then rename it: it is whole or it is not there.

        A table without rows has no row group: Hugging Face datasets fails on empty ones.
        """
        table = self.to_arrow(records, metadata)
        with whole_file(path) as file, pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
            if table.num_rows:
                writer.write_table(table)

    @contextmanager
    def writing(self, path: AnyPath, metadata: Mapping[str, str]) -> Iterator[Callable[[Record], None]]:
        """Write a file record by record, as :meth:`write` does; it is there when the block has ended well."""
        schema = self.schema.with_metadata(self.marks(metadata))
        held: list[Record] = []
        with whole_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:

            def add(record: Record) -> None:
                held.append(record)
                if len(held) == _HELD_ROWS:
                    flush()

            def flush() -> None:
                writer.write_table(self._rows(held).replace_schema_metadata(schema.metadata))
                held.clear()

            yield add
            if held:
                flush()

    def read(self, folder: AnyPath, filters: Any = None, columns: Sequence[str] | None = None) -> pa.Table:
        """All files of ``folder/<name>/``, in file order; an empty table when there are none.

        Args:
            folder: the run.
            filters: of rows, as pyarrow takes them.
            columns: that are read, all by default.

        Raises:
            ForeignTableError: a file was written by another schema version.
            DamagedTableError: a file cannot be read.
        """
        return self.read_files(self.files(folder), filters, columns)

    def files(self, folder: AnyPath, pattern: str = "*.parquet") -> list[AnyPath]:
        """The files of ``folder/<name>/`` whose names match a pattern, by name."""
        found: Iterable[AnyPath] = (folder / self.name).glob(pattern)
        return sorted(found, key=lambda path: path.name)

    def read_files(
        self, paths: Iterable[AnyPath], filters: Any = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The given files as one table."""
        parts = self.read_each(paths, filters, columns)
        return pa.concat_tables(parts) if parts else self._schema_of(columns).empty_table()

    def read_each(
        self, paths: Iterable[AnyPath], filters: Any = None, columns: Sequence[str] | None = None
    ) -> list[pa.Table]:
        """The given files as a table each; those in a store several at once, for each takes a while to answer."""
        files = list(paths)
        if not any(isinstance(path, RemotePath) for path in files):
            return [self._read_file(path, filters, columns) for path in files]
        with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
            return list(pool.map(lambda path: self._read_file(path, filters, columns), files))

    def n_row_groups(self, path: AnyPath) -> int:
        """How many pieces of a file can be read by themselves with :meth:`batches`."""
        with damage_named(path), pq.ParquetFile(_parts_of(path)) as file:
            self._newer_columns(path, file)
            return int(file.num_row_groups)

    def batches(self, path: AnyPath, row_group: int, columns: Sequence[str], n_rows: int) -> Iterator[pa.Table]:
        """One row group of a file, at most ``n_rows`` at a time."""
        with damage_named(path), pq.ParquetFile(_parts_of(path)) as file:
            newer = self._newer_columns(path, file)
            there = [name for name in columns if name not in newer]
            for batch in file.iter_batches(n_rows, [row_group], there):
                yield self._completed(pa.Table.from_batches([batch]), path, newer, columns)

    def _read_file(self, path: AnyPath, filters: Any, columns: Sequence[str] | None) -> pa.Table:
        source = parquet_source(path)
        with damage_named(path), pq.ParquetFile(source) as file:
            newer = self._newer_columns(path, file)
            there = [name for name in columns or self.schema.names if name not in newer]
            if filters is None:
                return self._completed(file.read(there, use_threads=False), path, newer, columns)
        with damage_named(path):
            table = pq.read_table(source, columns=there, filters=filters, partitioning=None)
        return self._completed(table, path, newer, columns)

    def _newer_columns(self, path: AnyPath, file: pq.ParquetFile) -> list[str]:
        """The columns that a file is too old to have."""
        names, metadata = file.schema_arrow.names, file.schema_arrow.metadata or {}
        version = metadata.get(b"pointvos.schema_version", b"?").decode(errors="replace")
        newer = [name for name in self.schema.names if name not in names]
        is_known = set(names) <= set(self.schema.names) and set(newer) <= self._defaults.keys()
        if version != str(SCHEMA_VERSION) or not is_known:
            raise ForeignTableError(
                f"{path} was written with schema version {version} and columns {', '.join(names)}; "
                f"this pointvos reads version {SCHEMA_VERSION} of table {self.name!r}: "
                "make the run again, or use the one that made it"
            )
        return newer

    def _completed(
        self, table: pa.Table, path: AnyPath, newer: Sequence[str], columns: Sequence[str] | None
    ) -> pa.Table:
        """A table that was read, checked and with the columns that it is too old to have."""
        with damage_named(path):
            table.validate(full=True)
        schema = self._schema_of(columns)
        for name in newer:
            if name in schema.names:
                column = pa.array([self._defaults[name]] * table.num_rows, schema.field(name).type)
                table = table.append_column(name, column)
        with damage_named(path):
            return table.select(schema.names).cast(schema)

    def _schema_of(self, columns: Sequence[str] | None) -> pa.Schema:
        return self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])

    @property
    def _defaults(self) -> dict[str, Any]:
        """What stands in columns that a file is too old to have: the defaults of the record."""
        return {f.name: f.default for f in fields(self.record) if f.default is not MISSING}  # type: ignore[arg-type]

    def records(self, table: pa.Table) -> list[Record]:
        """Validated records of the rows (not for ``localizations``, which are only written).

        Raises:
            DamagedTableError: a row holds what no pointvos writes.
        """
        names = [f.name for f in fields(self.record) if f.name in table.schema.names]  # type: ignore[arg-type]
        columns = [_cells(table[name]) for name in names]
        return [self._record(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]

    def _record(self, values: dict[str, Any]) -> Record:
        try:
            return self.record(**values)
        except (ValueError, TypeError) as problem:
            where = ", ".join(f"{n} {values[n]!r}" for n in ("video_id", "object_id", "frame_idx") if n in values)
            raise DamagedTableError(f"table {self.name!r} is damaged at {where or 'a row'}: {problem}") from None


def marks_of(path: AnyPath) -> dict[str, str]:
    """The metadata of a Parquet file.

    Raises:
        DamagedTableError: it cannot be read.
    """
    with damage_named(path):
        found = pq.read_schema(parquet_source(path)).metadata or {}
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in found.items()}


def parquet_source(path: AnyPath) -> Any:
    """What pyarrow reads a Parquet file from: a local path, or the whole content of an object."""
    return pa.BufferReader(path.read_bytes()) if isinstance(path, RemotePath) else path


def _parts_of(path: AnyPath) -> Any:
    """What pyarrow reads parts of a Parquet file from."""
    return pa.PythonFile(path.open(), mode="r") if isinstance(path, RemotePath) else path


@contextmanager
def damage_named(path: AnyPath) -> Iterator[None]:
    """Turn Arrow's complaints about the content of a file into ours; what the system refuses stays as it is.

    Raises:
        DamagedTableError: the file is not the Parquet that was written.
    """
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        raise DamagedTableError(f"{path} is damaged: {str(problem).splitlines()[0]}") from None


def _cells(column: pa.ChunkedArray) -> list[Any]:
    cells = column.to_pylist()
    return [cell if cell is None else tuple(cell) for cell in cells] if pa.types.is_list(column.type) else cells


VIDEOS = Table("videos", Video, VIDEOS_SCHEMA)
LOCALIZATIONS = Table("localizations", Localization, LOCALIZATIONS_SCHEMA)
MASKS = Table("masks", Mask, MASKS_SCHEMA)
SUPERSEDED = Table("superseded", SupersededMask, SUPERSEDED_SCHEMA)
CORRECTIONS = Table("corrections", Correction, CORRECTIONS_SCHEMA)
REPAIRS = Table("repairs", Repair, REPAIRS_SCHEMA)
CANDIDATES = Table("candidates", PointCandidate, CANDIDATES_SCHEMA)
TASKS = Table("tasks", ReviewTask, TASKS_SCHEMA)
VERDICTS = Table("verdicts", Verdict, VERDICTS_SCHEMA)
SKIPS = Table("skips", Skip, SKIPS_SCHEMA)
POINTS = Table("points", PointLabel, POINTS_SCHEMA)
GOLD = Table("gold", Gold, GOLD_SCHEMA)
REJECTS = Table("rejects", Reject, REJECTS_SCHEMA)
TABLES = (
    VIDEOS,
    LOCALIZATIONS,
    MASKS,
    SUPERSEDED,
    CORRECTIONS,
    REPAIRS,
    CANDIDATES,
    TASKS,
    VERDICTS,
    SKIPS,
    POINTS,
    GOLD,
    REJECTS,
)
