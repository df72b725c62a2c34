"""Locks between processes of one machine. A lock goes with its process, however that ends; its file stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def waiting_lock(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock ``path``, as soon as no other process does.

    Args:
        path: the lock's file, private to its owner.
        on_wait: called once, when another process holds the lock.
    """
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
