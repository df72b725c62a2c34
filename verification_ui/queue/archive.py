"""One backup file: queues as JSON lines and tables of the run, every member with its checksum, and no secret."""

from __future__ import annotations

import hashlib
import json
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
    """Write one file, whole or not at all, that only its owner reads: people's names are in it."""
    members = {f"queue-{i}.jsonl": _lines(queue.tasks) for i, queue in enumerate(archive.queues)}
    members |= {f"{_TABLES}/{name}": content for name, content in archive.tables.items()}
    manifest = {
        "format": _FORMAT,
        "run_id": archive.run_id,
        "queues": [{name: getattr(queue, name) for name in _DESCRIBED} for queue in archive.queues],
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }
    with whole_file(path, mode=0o600) as whole, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {_MANIFEST: json.dumps(manifest, indent=1).encode(), **members}.items():
            file.writestr(name, content)


def read_archive(path: Path) -> Archive:
    """Read a backup file and check every byte of it.

    Raises:
        ArchiveProblem: no backup, damaged, or written by a newer version.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if (size := sum(member.file_size for member in file.infolist())) > _MOST_BYTES:
                raise ValueError(f"it claims {size:,} bytes; up to {_MOST_BYTES:,} are read")
            members = {name: file.read(name) for name in file.namelist()}
        manifest = parse_json(members.pop(_MANIFEST))
        found = manifest["format"], manifest["sha256"], manifest["queues"]
    except (OSError, zipfile.BadZipFile, zlib.error, LookupError, TypeError, ValueError, EOFError) as problem:
        raise ArchiveProblem(f"{path} is no backup of a review, or it is damaged: {problem}") from None
    if found[0] != _FORMAT:
        raise ArchiveProblem(f"{path} has backup format {found[0]}; this pointvos reads format {_FORMAT}")
    damaged = [name for name, checksum in found[1].items() if _checksum(members.get(name)) != checksum]
    if damaged or set(members) != set(found[1]):
        raise ArchiveProblem(f"{path} is damaged: {', '.join(damaged) or 'it holds files that it does not list'}")
    queues = [QueueCopy(**queue, tasks=_tasks(members[f"queue-{i}.jsonl"])) for i, queue in enumerate(found[2])]
    kept = {name.removeprefix(f"{_TABLES}/"): content for name, content in members.items() if name.startswith(_TABLES)}
    return Archive(manifest["run_id"], tuple(queues), kept)


def _lines(tasks: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(task) + "\n" for task in tasks).encode()


def _tasks(content: bytes) -> list[dict[str, Any]]:
    return [parse_json(line) for line in content.decode().split("\n") if line]


def _checksum(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
