"""Locks in an object store: small objects that their owner renews, judged by the store's own clock.

A store offers no lock that goes with its process. So whoever wants one writes an object that says so, then lists what
is there: of two who want it at once, at least one sees the other, for a store lists what was written at once. Whoever
sees another gives way. Who sees nobody writes a second object, which owns the lock. An object that was not renewed for
``LEASE_S`` counts no more: its owner has ended.
"""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO

from pipeline.terminal.console import UsageProblem, errors
from schemas.remote_paths import RemotePath, StoredObject

LEASE_S = 60.0
"""For so long a lock of a command that was killed on another machine keeps others out."""
_RENEWED_EVERY_S = 15.0
_WAIT_S = 2.0


class LockHeldError(Exception):
    """Somebody else has the lock; the message says who."""


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """One lock.

    Attributes:
        folder: of its objects; every lock has its own.
        holder: who wants it, the same for everybody who is kept out by other means: a machine and its folder.
    """

    folder: RemotePath
    holder: str

    def acquire(self) -> None:
        """Take it.

        Raises:
            LockHeldError: somebody else has it, or wants it at the same moment.
        """
        self._write("wants")
        if others := self._others("wants", ("wants", "owns")):
            self._remove("wants")
            raise LockHeldError(self._described(others[0]))
        self._write("owns")

    def renew(self) -> None:
        """Say that the owner is alive.

        Raises:
            LockHeldError: somebody took the lock, for it had not been renewed for too long.
        """
        self._write("owns")
        if others := self._others("owns", ("owns",)):
            raise LockHeldError(self._described(others[0]))

    def release(self) -> None:
        """Give it back."""
        self._remove("owns")
        self._remove("wants")

    def _others(self, own: str, kinds: tuple[str, ...]) -> list[StoredObject]:
        found = self.folder.store.below(f"{self.folder}/")
        mine = f"{self.folder}/{self.holder}."
        now = next((one.st_mtime for one in found if one.address == f"{mine}{own}"), time.time())
        return [
            one
            for one in found
            if one.address.endswith(kinds) and not one.address.startswith(mine) and now - one.st_mtime < LEASE_S
        ]

    def _described(self, other: StoredObject) -> str:
        try:
            who = json.loads(self.folder.store.read(other.address))["who"]
        except (OSError, ValueError, KeyError, TypeError):
            return "another command"
        return str(who)

    def _write(self, kind: str) -> None:
        holder = {"who": f"process {os.getpid()} on {socket.gethostname()}"}
        self.folder.store.put(f"{self.folder}/{self.holder}.{kind}", BytesIO(json.dumps(holder).encode()))

    def _remove(self, kind: str) -> None:
        with suppress(OSError):
            self.folder.store.delete([f"{self.folder}/{self.holder}.{kind}"])


@contextmanager
def held(lock: ObjectLock, what: str) -> Iterator[None]:
    """Own a lock while the block lasts.

    Raises:
        UsageProblem: another command owns it.
        KeyboardInterrupt: in the main thread, when the lock was lost.
    """
    try:
        lock.acquire()
    except LockHeldError as other:
        raise UsageProblem(
            f"{what} is in use by another pointvos command ({other}); wait for it to end, or choose another --run. "
            f"The lock of a killed command expires after {LEASE_S:.0f} s"
        ) from None
    yield from _renewed(lock, what)


@contextmanager
def waited_for(lock: ObjectLock, what: str) -> Iterator[None]:
    """Own a lock while the block lasts, once another command has given it back."""
    is_told = False
    while True:
        try:
            lock.acquire()
            break
        except LockHeldError as other:
            if not is_told:
                errors.print(f"Waiting for {other} to finish {what} …", soft_wrap=True)
            is_told = True
            time.sleep(random.uniform(0.5, 1.0) * _WAIT_S)
    yield from _renewed(lock, what)


def _renewed(lock: ObjectLock, what: str) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=_keep, args=(lock, what, stop), name="lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        lock.release()


def _keep(lock: ObjectLock, what: str, stop: threading.Event) -> None:
    """Renew a lock until it is given back; when it is lost, end the command as Ctrl-C does."""
    import _thread

    renewed = time.monotonic()
    while not stop.wait(_RENEWED_EVERY_S):
        try:
            lock.renew()
            renewed = time.monotonic()
        except OSError as problem:
            if time.monotonic() - renewed < LEASE_S - _RENEWED_EVERY_S:
                continue
            errors.print(f"The lock of {what} cannot be renewed: {problem}", soft_wrap=True)
        except LockHeldError as other:
            errors.print(f"{what} was taken over by {other}: the lock was not renewed in time.", soft_wrap=True)
        else:
            continue
        _thread.interrupt_main()
        return
