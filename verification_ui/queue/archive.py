"""One backup file: queues as JSON lines and tables of the run, every member with its checksum, and no secret."""

from __future__ import annotations

import hashlib
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from schemas.json_text import parse_json
from schemas.whole_files import whole_file
from verification_ui.queue.backup import QueueCopy

_FORMAT = 1
_MANIFEST = "manifest.json"
_TABLES = "tables"
_MOST_BYTES = 1 << 32
"""Of all members, unpacked: they are in memory together."""
_NOT_OURS = (
    OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
    LookupError, AttributeError, TypeError, ValueError,
)  # fmt: skip
"""What reading a file of another kind may raise: RuntimeError where it is encrypted, the last four by its manifest."""
_DESCRIBED = tuple(field.name for field in fields(QueueCopy) if field.name != "tasks")


class ArchiveProblem(ValueError):
    """The file is no backup, or it is damaged, or it is of another run."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What a backup file holds.

    Attributes:
        run_id: the run whose queues these are.
        queues: one a review design that was pushed.
        tables: Parquet files of the run by their path below it.
    """

    run_id: str
    queues: tuple[QueueCopy, ...]
    tables: Mapping[str, bytes]


def write_archive(path: Path, archive: Archive) -> None:
    """Write one file, whole or not at all, that only its owner reads: people's names are in it.

    Raises:
        ArchiveProblem: it would be too large to be read again.
    """
    members = {f"queue-{i}.jsonl": _lines(queue.tasks) for i, queue in enumerate(archive.queues)}
    members |= {f"{_TABLES}/{name}": content for name, content in archive.tables.items()}
    manifest = {
        "format": _FORMAT,
        "run_id": archive.run_id,
        "queues": [{name: getattr(queue, name) for name in _DESCRIBED} for queue in archive.queues],
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }
    members = {_MANIFEST: json.dumps(manifest, indent=1).encode(), **members}
    if (size := sum(map(len, members.values()))) > _MOST_BYTES:
        raise ArchiveProblem(
            f"the queues take {size:,} bytes, and a backup file holds up to {_MOST_BYTES:,}; "
            "stop the server and copy its database and the run folder instead"
        )
    with whole_file(path, mode=0o600) as whole, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)


def read_archive(path: Path) -> Archive:
    """Read a backup file and check every byte of it.

    Raises:
        ArchiveProblem: no backup, damaged, or written by a newer version.
    """
    try:
        members = _members(path)
        return _archive(path, parse_json(members.pop(_MANIFEST)), members)
    except ArchiveProblem:
        raise
    except _NOT_OURS as problem:
        raise ArchiveProblem(f"{path} is not a backup of a review, or it is damaged: {problem}") from None


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        if (size := sum(member.file_size for member in file.infolist())) > _MOST_BYTES:
            raise ValueError(f"it claims {size:,} bytes; up to {_MOST_BYTES:,} are read")
        return {name: file.read(name) for name in file.namelist()}


def _archive(path: Path, manifest: Any, members: Mapping[str, bytes]) -> Archive:
    """The archive, given its manifest and all other members, whose checksums must be those of the manifest."""
    version, checksums = manifest["format"], manifest["sha256"]
    if version != _FORMAT:
        raise ArchiveProblem(f"{path} has backup format {version}; this pointvos reads format {_FORMAT}")
    damaged = [name for name, checksum in checksums.items() if _checksum(members.get(name)) != checksum]
    if damaged or set(members) != set(checksums):
        raise ArchiveProblem(f"{path} is damaged: {', '.join(damaged) or 'it holds files that it does not list'}")
    queues = [
        QueueCopy(**queue, tasks=_tasks(members[f"queue-{i}.jsonl"])) for i, queue in enumerate(manifest["queues"])
    ]
    kept = {name.removeprefix(f"{_TABLES}/"): content for name, content in members.items() if name.startswith(_TABLES)}
    return Archive(manifest["run_id"], tuple(queues), kept)


def _lines(tasks: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(task) + "\n" for task in tasks).encode()


def _tasks(content: bytes) -> list[dict[str, Any]]:
    return [parse_json(line) for line in content.decode().split("\n") if line]


def _checksum(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
