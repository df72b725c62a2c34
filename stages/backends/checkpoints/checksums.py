"""Digests of files, and what was found out about a file once, so that it is not read again on every start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from schemas.whole_files import write_whole

OnProgress = Callable[[int, int | None], None]
"""Called with bytes done and bytes in all (None when unknown)."""
CHUNK = 1 << 20


def no_progress(done: int, total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Hex digests of one file."""

    sha256: str
    md5: str


def digest_file(path: Path, on_progress: OnProgress = no_progress) -> Digests:
    """Read a file once and return its digests."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    total, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            done += len(chunk)
            on_progress(done, total)
    return Digests(sha256.hexdigest(), md5.hexdigest())


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a file in the cache; it stands beside it as ``<file>.json``.

    Attributes:
        sha256: its digest when it was last read whole.
        n_bytes: its size then.
        mtime_ns: its modification time then; while both are unchanged the file is not read again.
        source: where it came from.
        own: the user gave this digest, so these are weights of their own.
    """

    sha256: str
    n_bytes: int
    mtime_ns: int
    source: str
    own: bool = False

    @classmethod
    def of(cls, path: Path, sha256: str, source: str, own: bool) -> Record:
        """The record of a file as it lies there."""
        found = path.stat()
        return cls(sha256, found.st_size, found.st_mtime_ns, source, own)

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """The record beside ``path``; None when there is none that can be read."""
        try:
            return cls(**json.loads(_beside(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Put the record beside ``path``; a cache that cannot be written is read again each time instead."""
        with suppress(OSError):
            write_whole(_beside(path), json.dumps(asdict(self), indent=1).encode())

    def is_of(self, path: Path) -> bool:
        """The file has not changed since."""
        found = path.stat()
        return (self.n_bytes, self.mtime_ns) == (found.st_size, found.st_mtime_ns)


def forget(path: Path) -> None:
    """Remove the record beside ``path``."""
    _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")
