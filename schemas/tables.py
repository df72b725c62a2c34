"""Explicit, versioned Parquet schemas, and the way from records to rows and back.

A table is a folder of Parquet files. Field names of a record are the column names of its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from schemas import table_schemas as columns_of
from schemas.corrections import Correction
from schemas.flags import Flag
from schemas.gold import Gold
from schemas.joined_files import JoinedFile, Place, joined_files, places
from schemas.localizations import Localization
from schemas.masks import Mask
from schemas.points import PointCandidate, PointLabel
from schemas.provenance import Provenance
from schemas.rejects import Reject
from schemas.remote_paths import AnyPath, RemotePath
from schemas.repairs import Repair
from schemas.reviews import ReviewTask, Skip, Verdict
from schemas.splits import Fingerprint, VideoSplit
from schemas.superseded import SupersededMask
from schemas.videos import Video
from schemas.whole_files import whole_file

SCHEMA_VERSION = 1
_READS_AT_ONCE = 16
_HELD_ROWS = 20_000
"""Of a file that is written record by record: a row group."""

Record = TypeVar("Record")


class TableSchemaError(ValueError):
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
        self.write_rows(path, self.to_arrow(records, metadata))

    def write_rows(self, path: AnyPath, table: pa.Table) -> None:
        """Write rows that have the table's columns and marks, as :meth:`write` does."""
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
            TableSchemaError: a file was written by another schema version.
            DamagedTableError: a file cannot be read.
        """
        paths, joined = self.files(folder), self.joined(folder)
        if not joined:
            return self.read_files(paths, filters, columns)
        files = {file.path: file for file in joined}
        parts = [
            self.read_files([path], filters, columns)
            if path not in files
            else self._read_joined(files[path], [p.row_group for p in run], filters, columns)
            for path, run in _runs(place for _, place in places(paths, joined))
        ]
        return pa.concat_tables(parts) if parts else self._schema_of(columns).empty_table()

    def n_rows(self, folder: AnyPath) -> int:
        """How many rows :meth:`read` gives; only the footers of files are read."""
        joined = {file.path: file for file in self.joined(folder)}
        return sum(
            _n_rows(place.path) if place.path not in joined else joined[place.path].n_rows(stem)
            for stem, place in self.places(folder)
        )

    def read_unit(
        self, folder: AnyPath, stem: str, filters: Any = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of one unit, in a file of its own or in a joined one; none when it is in neither."""
        own = folder / self.name / f"{stem}.parquet"
        if own.is_file():
            return self.read_files([own], filters, columns)
        file = self._joined_with(folder, stem)
        if file is None:
            return self.read_files([], filters, columns)
        return self._read_joined(file, [file.units[stem]], filters, columns)

    def read_joined(self, file: JoinedFile, stem: str) -> pa.Table:
        """The rows of one unit of a joined file."""
        return self._read_joined(file, [file.units[stem]], None, None)

    def joined_rows(self, folder: AnyPath) -> Iterator[tuple[str, pa.Table]]:
        """(stem, rows) of all units in joined files that have rows."""
        for file in self.joined(folder):
            yield from ((stem, self.read_joined(file, stem)) for stem, group in file.units.items() if group is not None)

    def has_unit(self, folder: AnyPath, stem: str) -> bool:
        """Whether a unit has its rows, or the mark that it has none."""
        return (folder / self.name / f"{stem}.parquet").is_file() or self._joined_with(folder, stem) is not None

    def stems(self, folder: AnyPath) -> list[str]:
        """The names of all units and other files of the table."""
        return [stem for stem, _ in self.places(folder)]

    def joined(self, folder: AnyPath) -> list[JoinedFile]:
        """The files that hold many units."""
        found = joined_files(folder / self.name)
        for file in found:
            with damage_named(file.path):
                file.units  # noqa: B018 - its footer is read, once a process
        return found

    def places(self, folder: AnyPath) -> list[tuple[str, Place]]:
        """(stem, place) of all units and other files of the table, in the order in which :meth:`read` takes them."""
        return list(places(self.files(folder), self.joined(folder)))

    def _joined_with(self, folder: AnyPath, stem: str) -> JoinedFile | None:
        return next((file for file in reversed(self.joined(folder)) if stem in file.units), None)

    def _read_joined(
        self, file: JoinedFile, row_groups: Sequence[int | None], filters: Any, columns: Sequence[str] | None
    ) -> pa.Table:
        with damage_named(file.path), file.open() as opened:
            newer = self._newer_columns(file.path, opened)
            there = [name for name in self.schema.names if name not in newer]
            if filters is None and columns is not None:
                there = [name for name in columns if name not in newer]
            wanted = [number for number in row_groups if number is not None]
            rows = opened.read_row_groups(wanted, there, use_threads=False)
            rows = rows if filters is None else rows.filter(pq.filters_to_expression(filters))
        return self._completed(rows, file.path, newer, columns)

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
            raise TableSchemaError(
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


def _n_rows(path: AnyPath) -> int:
    with damage_named(path):
        return int(pq.read_metadata(parquet_source(path)).num_rows)


def _runs(found: Iterable[Place]) -> Iterator[tuple[AnyPath, list[Place]]]:
    """Places that follow each other in one file."""
    for path, run in groupby(found, key=lambda place: place.path):
        yield path, list(run)


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


VIDEOS = Table("videos", Video, columns_of.VIDEOS_SCHEMA)
LOCALIZATIONS = Table("localizations", Localization, columns_of.LOCALIZATIONS_SCHEMA)
MASKS = Table("masks", Mask, columns_of.MASKS_SCHEMA)
SUPERSEDED = Table("superseded", SupersededMask, columns_of.SUPERSEDED_SCHEMA)
CORRECTIONS = Table("corrections", Correction, columns_of.CORRECTIONS_SCHEMA)
FLAGS = Table("flags", Flag, columns_of.FLAGS_SCHEMA)
REPAIRS = Table("repairs", Repair, columns_of.REPAIRS_SCHEMA)
CANDIDATES = Table("candidates", PointCandidate, columns_of.CANDIDATES_SCHEMA)
TASKS = Table("tasks", ReviewTask, columns_of.TASKS_SCHEMA)
VERDICTS = Table("verdicts", Verdict, columns_of.VERDICTS_SCHEMA)
SKIPS = Table("skips", Skip, columns_of.SKIPS_SCHEMA)
POINTS = Table("points", PointLabel, columns_of.POINTS_SCHEMA)
GOLD = Table("gold", Gold, columns_of.GOLD_SCHEMA)
REJECTS = Table("rejects", Reject, columns_of.REJECTS_SCHEMA)
SPLITS = Table("splits", VideoSplit, columns_of.SPLITS_SCHEMA)
FINGERPRINTS = Table("fingerprints", Fingerprint, columns_of.FINGERPRINTS_SCHEMA)
PROVENANCE = Table("provenance", Provenance, columns_of.PROVENANCE_SCHEMA)
TABLES = (
    VIDEOS,
    LOCALIZATIONS,
    MASKS,
    SUPERSEDED,
    CORRECTIONS,
    FLAGS,
    REPAIRS,
    CANDIDATES,
    TASKS,
    VERDICTS,
    SKIPS,
    POINTS,
    GOLD,
    REJECTS,
    SPLITS,
    FINGERPRINTS,
    PROVENANCE,
)
