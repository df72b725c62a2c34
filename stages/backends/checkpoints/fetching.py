"""Bring a checkpoint into the cache: one process at a time, checked before it gets its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schemas.file_locks import waiting_lock
from stages.backends.checkpoints.cache import checkpoint_file, mismatch, verify
from stages.backends.checkpoints.catalog import Checkpoint
from stages.backends.checkpoints.checksums import CHUNK, OnProgress, Record, digest_file, forget, no_progress
from stages.backends.checkpoints.disk import require_space
from stages.backends.checkpoints.download import RETRY, Retry, download
from stages.backends.checkpoints.errors import CheckpointError, DamagedCheckpointError, DownloadError


def ignore_wait() -> None:
    """Say nothing."""


def _no_fit(checkpoint: Checkpoint, path: Path) -> None:
    """Look at nothing."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """How a checkpoint is brought.

    Attributes:
        source: a file or an http(s) address instead of the official one; empty for the official one.
        sha256: the digest of weights of the user's own, instead of the pinned one; empty for the official ones.
        on_progress: told bytes done and in all.
        on_wait: called once when another process is fetching the same file.
        require_fit: raises ValueError for a file that does not fit the architecture; asked where no checksum is known.
        retry: when a download is given up.
    """

    source: str = ""
    sha256: str = ""
    on_progress: OnProgress = no_progress
    on_wait: Callable[[], None] = ignore_wait
    require_fit: Callable[[Checkpoint, Path], None] = _no_fit
    retry: Retry = RETRY

    def __call__(self, checkpoint: Checkpoint) -> Record:
        """Bring the checkpoint unless it is there already, and return what is known of it.

        Raises:
            DownloadError: it cannot be had.
            DamagedCheckpointError: what came has another digest; nothing is kept of it.
            CheckpointError: the cache cannot be written.
        """
        path = checkpoint_file(checkpoint)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with waiting_lock(path.with_name(f".{path.name}.lock"), self.on_wait):
                return self._present(checkpoint) or self._download(checkpoint, path)
        except OSError as problem:
            raise CheckpointError(
                f"{problem.filename or path.parent}: {problem.strerror}; is the disk full, or the folder read-only? "
                "POINTVOS_CACHE names another cache folder"
            ) from None

    def _present(self, checkpoint: Checkpoint) -> Record | None:
        """The record of the file in the cache when it is what was asked for."""
        try:
            record = verify(checkpoint)
        except CheckpointError:
            return None
        if not (checkpoint.is_pinned or record.own) and self._misfit(checkpoint, checkpoint_file(checkpoint)):
            forget(checkpoint_file(checkpoint))  # its digest does not hold either
            return None
        wanted = self.sha256 == record.sha256 if self.sha256 else not record.own
        return record if wanted else None

    def _download(self, checkpoint: Checkpoint, path: Path) -> Record:
        part = path.with_name(f".{path.name}.part")
        resumed = part.exists()
        try:
            return self._into_place(checkpoint, path, part)
        except DamagedCheckpointError:
            if not resumed:
                raise
        return self._into_place(checkpoint, path, part)  # the old beginning may have been the fault

    def _into_place(self, checkpoint: Checkpoint, path: Path, part: Path) -> Record:
        source = self.source or checkpoint.url
        if source.startswith(("http://", "https://")):
            size = None if self.sha256 else checkpoint.n_bytes
            download(source, part, n_bytes=size, on_progress=self.on_progress, retry=self.retry)
        else:
            _copy(Path(source).expanduser(), part, self.on_progress)
        digests = digest_file(part)
        known = Record.of(part, self.sha256, source, own=True) if self.sha256 else _first_seen(path)
        problem = mismatch(checkpoint, part, digests, known)
        if not (problem or checkpoint.is_pinned or self.sha256):
            problem = self._misfit(checkpoint, part)
        if problem:
            _discard(part)
            raise DamagedCheckpointError(
                f"{source} is not {checkpoint.file_name}: {problem}; fetch it from elsewhere with --from, or accept "
                "weights of your own with --sha256"
            )
        forget(path)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        _discard(part)
        record = Record.of(path, digests.sha256, source, own=bool(self.sha256))
        record.write(path)
        return record

    def _misfit(self, checkpoint: Checkpoint, part: Path) -> str:
        try:
            self.require_fit(checkpoint, part)
        except ValueError as problem:
            return str(problem)
        return ""


def _first_seen(path: Path) -> Record | None:
    record = Record.read(path)
    return None if record is None or record.own else record


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".json").unlink(missing_ok=True)


def _copy(source: Path, part: Path, on_progress: OnProgress) -> None:
    if not source.is_file():
        raise DownloadError(f"no file {source}; give --from the path of the checkpoint or an http(s) address")
    total, done = source.stat().st_size, 0
    require_space(part.parent, total)
    _discard(part)
    with source.open("rb") as original, part.open("wb") as copy:
        while chunk := original.read(CHUNK):
            copy.write(chunk)
            done += len(chunk)
            on_progress(done, total)
