"""One command at a time on a run: the lock of this machine, and for a run in a store that of all machines."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.terminal.console import UsageProblem

_ORPHANS_END_S = 10.0
"""Time for the workers of a killed command to end."""


@contextmanager
def machine_lock(folder: Path, what: str) -> Iterator[int]:
    """Own a local folder; yields the descriptor of the lock.

    The lock is held as long as any process has the descriptor open: a worker that was given it holds it too, so no
    other command begins before the last worker of a killed one has ended.

    Raises:
        UsageProblem: another command owns it.
    """
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        _acquire(descriptor, what)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, what: str) -> None:
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
                f"{what} is in use by another pointvos command (process {owner}); "
                "wait for it to end or choose another --run"
            ) from None


def _is_gone(owner: str) -> bool:
    """True when ``owner`` is the id of a process that has ended."""
    import psutil

    return owner.isdecimal() and not psutil.pid_exists(int(owner))
