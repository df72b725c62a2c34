"""The folder on this machine that a run in an object store has: what no store can hold.

In it are locks, temporary files, logs, the pictures of the review queue, and the private server with its database.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from pipeline.terminal.console import UsageProblem
from schemas.whole_files import write_whole

_HOLDER = ".holder"


def staging_folder(address: str) -> Path:
    """The folder of a run, which is made: in ``$POINTVOS_STATE``, else ``$XDG_STATE_HOME/pointvos``, else
    ``~/.local/state/pointvos``; only its owner can read it.

    Raises:
        UsageProblem: it cannot be made.
    """
    name = re.sub(r"[^A-Za-z0-9-]+", "_", address.partition("://")[2])[-40:].strip("_-")
    folder = _state() / "runs" / f"{name}.{hashlib.sha256(address.encode()).hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as problem:
        raise UsageProblem(
            f"{folder} cannot be made ({problem.strerror}); a run in a store needs a folder on this machine: "
            "name one that you can write in POINTVOS_STATE"
        ) from None
    return folder


def holder_of(folder: Path) -> str:
    """The name under which this folder's commands take locks in the store; call it under the lock of the folder."""
    file = folder / _HOLDER
    if not file.exists():
        write_whole(file, secrets.token_hex(8).encode())
    return file.read_text(encoding="ascii")


def _state() -> Path:
    if own := os.environ.get("POINTVOS_STATE"):
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".local" / "state") / "pointvos"
