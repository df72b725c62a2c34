"""Joining the small files of a run's tables into large ones, and taking units out of those again.

A joined file is written under a temporary name and renamed, then the files that it was made of are removed. Cut off in
between, a unit is there twice and read once; the next ``compact`` removes what is left. No row is ever missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.joined_files import JoinedFile, is_joined, joined_name, unit_marks
from schemas.remote_paths import AnyPath
from schemas.tables import Table, marks_of
from schemas.whole_files import whole_file

TARGET_BYTES = 128 << 20
"""Of a joined file, about."""
MOST_UNITS = 1000
"""Of a joined file, whose footer grows with them."""
_OF_ALL = ("pointvos.table", "pointvos.schema_version", "pointvos.run_id", "pointvos.config_hash")
_OF_RUN = ("pointvos.run_id", "pointvos.config_hash")

Source = AnyPath | JoinedFile
"""A file of one unit, or a joined one."""


def join_table(run: AnyPath, table: Table[Any], done: Collection[str], target: int = TARGET_BYTES) -> tuple[int, int]:
    """Join the small files of one table; how many files there were, and how many there are now.

    Args:
        run: the run folder.
        table: the table.
        done: stems of the units that are joined: others may still be written.
        target: bytes of a joined file, about.
    """
    before = len(table.files(run))
    _remove_doubles(run, table)
    for batch in _batches(_sources(run, table, done, target), target):
        name = _write(run, table, [unit for source in batch for unit in _units(table, source)], _marks(batch[0]))
        for path in (_path(source) for source in batch):
            if path.name != name:
                path.unlink(missing_ok=True)
    return before, len(table.files(run))


def drop_joined(run: AnyPath, table: Table[Any], stems: Collection[str]) -> None:
    """Take units out of joined files; each of those is rewritten, or removed when nothing is left of it."""
    for file in table.joined(run):
        left = [unit for unit in _units(table, file) if unit[0] not in stems]
        if len(left) == len(file.units):
            continue
        if left:
            _write(run, table, left, _marks(file))
        file.path.unlink(missing_ok=True)


def _sources(run: AnyPath, table: Table[Any], done: Collection[str], target: int) -> list[Source]:
    """What is joined: files of one unit by name, then joined files that are far from full."""
    own = [path for path in table.files(run) if not is_joined(path) and path.stem in done and not _has_own_marks(path)]
    small = [f for f in table.joined(run) if f.stamp[0] < target // 2 and len(f.units) < MOST_UNITS // 2]
    return [*own, *small]


def _batches(sources: Sequence[Source], target: int) -> Iterator[list[Source]]:
    """Sources of the same settings that make one joined file."""
    by_marks: dict[tuple[tuple[str, str], ...], list[Source]] = {}
    for source in sources:
        by_marks.setdefault(tuple(sorted(_marks(source).items())), []).append(source)
    for alike in by_marks.values():
        batch: list[Source] = []
        size = n_units = 0
        for source in alike:
            batch.append(source)
            size += source.stamp[0] if isinstance(source, JoinedFile) else source.stat().st_size
            n_units += len(source.units) if isinstance(source, JoinedFile) else 1
            if size >= target or n_units >= MOST_UNITS:
                if len(batch) > 1:
                    yield batch
                batch, size, n_units = [], 0, 0
        if len(batch) > 1:
            yield batch


def _remove_doubles(run: AnyPath, table: Table[Any]) -> None:
    """Remove what a joined file holds too; what was rewritten since it was joined is taken out of that instead."""
    left = table.joined(run)
    for file in table.joined(run):
        others = {stem for other in left if other != file for stem in other.units}
        if others.issuperset(file.units):
            file.path.unlink(missing_ok=True)
            left.remove(file)
    renewed: set[str] = set()
    for file in left:
        for stem, rows in _units(table, file):
            own = run / table.name / f"{stem}.parquet"
            if not own.is_file():
                continue
            if table.read_files([own]).equals(rows()):
                own.unlink(missing_ok=True)
            else:
                renewed.add(stem)
    if renewed:
        drop_joined(run, table, renewed)


def _units(table: Table[Any], source: Source) -> Iterator[tuple[str, Any]]:
    """(stem, what reads its rows) of every unit of a source."""
    if isinstance(source, JoinedFile):
        for stem in source.units:
            yield stem, lambda stem=stem: table.read_joined(source, stem)
    else:
        yield source.stem, lambda: table.read_files([source])


def _write(run: AnyPath, table: Table[Any], units: Sequence[tuple[str, Any]], marks: Mapping[str, str]) -> str:
    """Write one joined file, one row group a unit; its name."""
    name = joined_name(sorted(stem for stem, _ in units))
    schema = table.schema.with_metadata(table.marks(marks))
    places: dict[str, int | None] = {}
    with (
        whole_file(run / table.name / name) as file,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        n_groups = 0
        for stem, read in units:
            rows: pa.Table = read()
            places[stem] = n_groups if rows.num_rows else None
            if rows.num_rows:
                writer.write_table(rows.replace_schema_metadata(schema.metadata), row_group_size=rows.num_rows)
                n_groups += 1
        writer.add_key_value_metadata(unit_marks(places))
    return name


def _has_own_marks(path: AnyPath) -> bool:
    """Whether the metadata of a unit's file says something of that unit alone, such as its round of corrections."""
    return any(key.startswith("pointvos.") and key not in _OF_ALL for key in marks_of(path))


def _marks(source: Source) -> dict[str, str]:
    """The marks of the run that made a file."""
    return {key: value for key, value in marks_of(_path(source)).items() if key in _OF_RUN}


def _path(source: Source) -> AnyPath:
    return source.path if isinstance(source, JoinedFile) else source
