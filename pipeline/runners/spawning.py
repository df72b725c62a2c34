"""Starting a worker process, with the little that has to be imported for it.

A command knows late where its run folder is, and it has much to import; its first worker has more. So that worker is
started before anything is known, and given the run's lock and log later.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from stages.memory import KEEP_MEMORY

_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "2048", **KEEP_MEMORY}
"""One thread an operation, in every thread of the worker, memory that stays, and twice as many prepared layers, so that
crops of all sizes find theirs."""

_STANDARD_ERROR = 2


@dataclass(frozen=True, slots=True, eq=False)
class SpawnedWorker:
    """A worker process and our end of the pipe to it."""

    process: subprocess.Popen[bytes]
    connection: Connection[Any, Any]

    def give(self, lock: int, log: int) -> None:
        """Give it the lock of the run folder to hold and the log to write to, both descriptors, before any message.

        Raises:
            OSError: it has ended.
        """
        with socket.socket(fileno=os.dup(self.connection.fileno())) as ours:
            socket.send_fds(ours, [b"."], [lock, log])


def take_lock_and_log(descriptor: int) -> bool:
    """The other end of :meth:`SpawnedWorker.give`, in the worker; False when the command has ended."""
    found: list[int] = []
    with socket.socket(fileno=os.dup(descriptor)) as ours, suppress(ConnectionError):
        _, found, _, _ = socket.recv_fds(ours, 1, 2)
    if not found:
        return False
    _, log = found  # the lock is held until this process ends
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
    return True


def spawn(log: int = _STANDARD_ERROR) -> SpawnedWorker:
    """Start a worker, which loads its modules and waits; ``log`` is where it writes what it has to say.

    It begins with SIGINT blocked, as we have it meanwhile, for a Ctrl-C is ours to answer: a worker that is still
    starting would print a traceback.
    """
    ours, theirs = Pipe()
    command = [sys.executable, "-P", "-m", "pipeline.runners.worker", str(theirs.fileno()), str(os.getpid())]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=worker_environment(),
                pass_fds=(theirs.fileno(),),
            )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return SpawnedWorker(process, ours)


_early: list[SpawnedWorker] = []


def spawn_early() -> None:
    """Start a worker for a command that is still to be imported; it ends with this process, needed or not.

    Until it is given a log, it writes to our standard error.
    """
    _early.append(spawn())


def take_early() -> list[SpawnedWorker]:
    """The workers that were started early and that nobody has taken."""
    workers, _early[:] = list(_early), []
    return workers


def worker_environment() -> dict[str, str]:
    """Our own modules first, wherever the command was given: its folder, which paths are relative to, is the workers'
    too, but nothing is imported from it.
    """
    places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(place for place in places if place)}
