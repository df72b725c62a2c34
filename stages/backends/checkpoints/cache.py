"""Where checkpoints lie, and whether they are what they should be."""

from __future__ import annotations

import os
from pathlib import Path

from stages.backends.checkpoints.catalog import Checkpoint, checkpoint_named
from stages.backends.checkpoints.checksums import Digests, OnProgress, Record, digest_file, no_progress
from stages.backends.checkpoints.errors import DamagedCheckpointError, MissingCheckpointError


def cache_folder() -> Path:
    """``$POINTVOS_CACHE``, else ``$XDG_CACHE_HOME/pointvos``, else ``~/.cache/pointvos``."""
    if own := os.environ.get("POINTVOS_CACHE"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "pointvos"


def checkpoint_file(checkpoint: Checkpoint) -> Path:
    """Where a checkpoint lies when it was fetched."""
    return cache_folder() / "checkpoints" / checkpoint.file_name


def require_checkpoint(name: str) -> Path:
    """The file of a checkpoint that is there and whole; nothing is downloaded.

    The file is read whole only when it changed since it was last checked.

    Raises:
        ValueError: no checkpoint has this name.
        MissingCheckpointError: it was never fetched.
        DamagedCheckpointError: it is not what it should be.
    """
    checkpoint = checkpoint_named(name)
    verify(checkpoint)
    return checkpoint_file(checkpoint)


def verify(checkpoint: Checkpoint, *, again: bool = False, on_progress: OnProgress = no_progress) -> Record:
    """Check the file in the cache and return what is known of it.

    Args:
        checkpoint: which.
        again: read it whole even when it did not change since it was last checked.
        on_progress: told how much of it was read.

    Raises:
        MissingCheckpointError: it was never fetched.
        DamagedCheckpointError: it is not what it should be.
    """
    path = checkpoint_file(checkpoint)
    if not path.is_file():
        raise MissingCheckpointError(
            f"{checkpoint.name} needs its checkpoint, which is not in {path.parent}; "
            f"fetch it with: pointvos models fetch {checkpoint.name}"
        )
    record = Record.read(path)
    if record is not None and record.is_of(path) and not again:
        return record
    digests = digest_file(path, on_progress)
    if problem := mismatch(checkpoint, path, digests, record):
        raise DamagedCheckpointError(f"{problem}; fetch it again with: pointvos models fetch {checkpoint.name}")
    source, own = (record.source, record.own) if record else ("", False)
    found = Record.of(path, digests.sha256, source, own)
    found.write(path)
    return found


def mismatch(checkpoint: Checkpoint, path: Path, digests: Digests, record: Record | None) -> str:
    """How a file differs from what it should be, in words; empty when it does not.

    What the file should be: the user's own digest if they gave one, else the pinned one and, where no SHA-256 is
    pinned, the one that the first fetch recorded.
    """
    if record is not None and record.own:
        return _differs(path, "SHA-256", digests.sha256, record.sha256)
    if checkpoint.sha256:
        return _differs(path, "SHA-256", digests.sha256, checkpoint.sha256)
    if record is not None and (problem := _differs(path, "SHA-256", digests.sha256, record.sha256)):
        return problem
    return _differs(path, "MD5", digests.md5, checkpoint.md5) if checkpoint.md5 else ""


def _differs(path: Path, kind: str, found: str, expected: str) -> str:
    return "" if found == expected else f"{path} has the {kind} {found} instead of {expected}"
