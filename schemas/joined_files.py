"""Table files that hold many units: what ``pointvos compact`` makes of the small files of a large run.

A joined file has one row group a unit; its metadata says which. It is complete as soon as it has its name. A unit that
has a file of its own as well, since ``compact`` was cut off or the unit was rewritten, is read from that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.digests import digest
from schemas.remote_paths import AnyPath, RemotePath

_PREFIX = "joined-"
_UNITS = "pointvos.units"
_KEPT = 24
"""Footers that a process keeps: some megabytes each."""
_AT_REST_NS = 2_000_000_000
"""A folder that was changed so long ago cannot change once more at the same time of its clock."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of one unit are.

    Attributes:
        path: the file.
        row_group: of a joined file, None where the unit has no rows; 0 in a file of its own.
        is_joined: the file holds other units as well.
    """

    path: AnyPath
    row_group: int | None = 0
    is_joined: bool = False


@dataclass(frozen=True, slots=True)
class JoinedFile:
    """One joined file.

    Attributes:
        path: the file.
        stamp: size and time, so that a file that was replaced is read again.
    """

    path: AnyPath
    stamp: tuple[int, int]

    @property
    def units(self) -> dict[str, int | None]:
        """Row group by the stem of a unit, None for one without rows; in the order of their rows."""
        return _units(self)

    def n_rows(self, stem: str) -> int:
        """Rows of a unit."""
        group = self.units[stem]
        return 0 if group is None else int(_footer(self).row_group(group).num_rows)

    def open(self) -> pq.ParquetFile:
        """The file, its footer read once a process."""
        source = pa.BufferReader(self.path.read_bytes()) if isinstance(self.path, RemotePath) else self.path
        return pq.ParquetFile(source, metadata=_footer(self))

    def place(self, stem: str) -> Place:
        """Where a unit is."""
        return Place(self.path, self.units[stem], is_joined=True)


def joined_files(folder: AnyPath) -> list[JoinedFile]:
    """The joined files of a table, by name."""
    if isinstance(folder, RemotePath):
        found = folder.store.below(f"{folder.address}/{_PREFIX}")
        return [JoinedFile(RemotePath(o.address, folder.store), (o.st_size, o.st_mtime_ns)) for o in found]
    try:
        changed_ns = folder.stat().st_mtime_ns
    except OSError:
        return []
    is_at_rest = time.time_ns() - changed_ns > _AT_REST_NS
    return list(_listed_once(folder, changed_ns) if is_at_rest else _listed(folder))


def _listed(folder: Path) -> tuple[JoinedFile, ...]:
    paths = sorted(path for path in folder.glob(f"{_PREFIX}*.parquet") if is_joined(path))
    stats = ((path, path.stat()) for path in paths)
    return tuple(JoinedFile(path, (stat.st_size, stat.st_mtime_ns)) for path, stat in stats)


@lru_cache(64)
def _listed_once(folder: Path, changed_ns: int) -> tuple[JoinedFile, ...]:
    """The joined files of a folder that was changed last at ``changed_ns``.

    Else each of many videos that have no rows in a table would have the whole folder listed once more.
    """
    return _listed(folder)


def is_joined(path: AnyPath) -> bool:
    """Whether a file is named as a joined one: no unit is, for a unit's name has a dot."""
    return path.name.startswith(_PREFIX) and "." not in path.stem


def joined_name(stems: Sequence[str]) -> str:
    """The file name for these units."""
    return f"{_PREFIX}{digest(*stems)}.parquet"


def unit_marks(units: dict[str, int | None]) -> dict[str, str]:
    """The metadata that says which units a joined file holds."""
    return {_UNITS: json.dumps(units)}


def places(paths: Sequence[AnyPath], joined: Sequence[JoinedFile]) -> Iterator[tuple[str, Place]]:
    """(stem, place) of every file or unit, in the order of the names that they have in files of their own.

    Args:
        paths: all files of a table.
        joined: those of them that are joined.
    """
    found = {stem: file.place(stem) for file in joined for stem in file.units}
    found |= {path.stem: Place(path) for path in paths if not is_joined(path)}
    yield from sorted(found.items(), key=lambda item: f"{item[0]}.parquet")


@lru_cache(_KEPT)
def _footer(file: JoinedFile) -> Any:
    source = pa.BufferReader(file.path.read_bytes()) if isinstance(file.path, RemotePath) else Path(str(file.path))
    return pq.read_metadata(source)


@lru_cache(1024)
def _units(file: JoinedFile) -> dict[str, int | None]:
    found = _footer(file).metadata or {}
    units: dict[str, int | None] = json.loads(found.get(_UNITS.encode(), b"{}"))
    return units
