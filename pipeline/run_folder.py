"""The run folder: Parquet tables between the commands, one owner at a time, units that are whole or absent."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.console import UsageProblem
from schemas import tables
from schemas.tables import Table

UNIT_TABLES: tuple[Table[Any], ...] = (
    tables.LOCALIZATIONS, tables.MASKS, tables.REPAIRS, tables.CANDIDATES, tables.REJECTS,
)  # fmt: skip
"""What a video has beside its commit mark, which is its row in ``videos``."""
_ORPHANS_END_S = 10.0
"""Time for the workers of a killed command to end."""


def unit_name(video_id: str, unit: str) -> str:
    """File stem of one video's unit: a readable part of the id, then the hash that makes it unique.

    >>> unit_name("DAVIS 2017/Träume", "0123456789abcdef")
    'DAVIS_2017_Tr_ume.0123456789abcdef'
    """
    return f"{re.sub(r'[^A-Za-z0-9-]+', '_', video_id)[:60]}.{unit}"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk.

    Invariant: a video's unit is done exactly when its file stands in ``videos/``; that file is renamed into place
    last, after the other tables of the unit.
    """

    path: Path

    @property
    def config_file(self) -> Path:
        """The resolved config of the run."""
        return self.path / "run.yaml"

    @property
    def work(self) -> Path:
        """Temporary files of the annotation in progress; swept at the next start."""
        return self.path / ".work"

    def require(self) -> RunFolder:
        """Return self when this is a run folder.

        Raises:
            UsageProblem: there is no run here.
        """
        if not self.config_file.is_file():
            raise UsageProblem(f"{self.path} is not a run folder; make one with: pointvos annotate VIDEOS … --run DIR")
        return self

    def create(self) -> None:
        """Make the folder.

        Raises:
            UsageProblem: it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".writable"
            probe.write_bytes(b"1")
            probe.unlink()
        except OSError as problem:
            raise UsageProblem(
                f"run folder {self.path} cannot be written ({problem.strerror}); choose another --run"
            ) from None

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Own the folder; yields the descriptor of the lock.

        The lock is held as long as any process has the descriptor open: a worker that inherits it holds it too, so no
        other command begins before the last worker of a killed one has ended.

        Raises:
            UsageProblem: another command owns it.
        """
        descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._acquire(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    def _acquire(self, descriptor: int) -> None:
        """Take the lock, once the workers of a command that was killed have ended."""
        give_up = time.monotonic() + _ORPHANS_END_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                if _is_gone(owner) and time.monotonic() < give_up:
                    time.sleep(0.1)
                    continue
                raise UsageProblem(
                    f"run folder {self.path} is in use by another pointvos command (process {owner}); "
                    "wait for it to end or choose another --run"
                ) from None

    def config(self) -> dict[str, Any]:
        """The resolved config as plain values."""
        loaded: dict[str, Any] = yaml.safe_load(self.config_file.read_text(encoding="utf-8"))
        return loaded

    def metadata(self) -> dict[str, str]:
        """Run id and config hash, for the metadata of every Parquet file of the run."""
        config = self.config()
        return {"pointvos.run_id": config["run_id"], "pointvos.config_hash": config["config_hash"]}

    def table_file(self, table: Table[Any], stem: str) -> Path:
        """The file of one unit in one table."""
        return self.path / table.name / f"{stem}.parquet"

    def committed(self) -> dict[str, str]:
        """Unit hash by video id of every video that is done."""
        done = tables.VIDEOS.read(self.path)
        return dict(zip(done["video_id"].to_pylist(), done["unit"].to_pylist(), strict=True))

    def drop_unit(self, video_id: str, unit: str) -> None:
        """Remove a unit, its commit mark first, so that it is never half there and called done."""
        stem = unit_name(video_id, unit)
        for table in (tables.VIDEOS, *UNIT_TABLES):
            self.table_file(table, stem).unlink(missing_ok=True)

    def drop_superseded(self, units: Mapping[str, str]) -> None:
        """Remove what a video gave when it, or its localizations, were others; a result only once there is a new one.

        Args:
            units: video id → unit hash of the input as it is now.
        """
        done = tables.VIDEOS.read(self.path)
        pairs = set(zip(done["video_id"].to_pylist(), done["unit"].to_pylist(), strict=True))
        for video_id, unit in sorted(pairs):
            if unit != units.get(video_id, unit) and (video_id, units[video_id]) in pairs:
                self.drop_unit(video_id, unit)
        kept = {unit_name(*pair) for pair in (*pairs, *units.items())}
        for file in (self.path / tables.REJECTS.name).glob("*.*.parquet"):
            if file.stem not in kept and any(_is_of(video_id, file) for video_id in units):
                file.unlink()

    def frames_of(self, video_id: str) -> Path:
        """The folder of the JPEGs that people look at.

        Names longer than a file system allows are shortened and made unique by a hash.
        """
        parts = [p if len(p.encode()) <= 200 else f"{p[:40]}-{digest(p)}" for p in video_id.split("/")]
        return self.path / "frames" / Path(*parts)

    def sweep(self) -> None:
        """Remove what an interrupted command left under temporary names. Call it under the lock."""
        shutil.rmtree(self.work, ignore_errors=True)
        for table in tables.TABLES:
            for stale in (self.path / table.name).glob(".*.tmp"):
                stale.unlink(missing_ok=True)


def _is_gone(owner: str) -> bool:
    """True when ``owner`` is the id of a process that has ended."""
    import psutil

    return owner.isdecimal() and not psutil.pid_exists(int(owner))


def _is_of(video_id: str, rejects: Path) -> bool:
    """True when a unit's rejects are those of a video; another video's name may begin alike."""
    if rejects.stem.rpartition(".")[0] != unit_name(video_id, "").rpartition(".")[0]:
        return False
    keys = tables.REJECTS.read_files([rejects])["key"].to_pylist()
    return all(f"{key}/".startswith(f"{video_id}/") for key in keys)


def digest(*parts: object, length: int = 16) -> str:
    """Hex digest of the parts' text, unambiguous about where one ends.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    joined = "".join(f"{len(str(p))}:{p}" for p in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def write_unit(run: RunFolder, stem: str, parts: Sequence[tuple[Table[Any], Sequence[Any]]]) -> None:
    """Commit one unit: every table in the order given, the commit mark last."""
    metadata = run.metadata()
    for table, records in parts:
        table.write(run.table_file(table, stem), records, metadata)
