"""The process that workers are forked from, as its command sees it, with the little that has to be imported for it.

It loads what all workers need, once, while the command still finds out what there is to do: a command knows late where
its run folder is, and it has much to import; a worker has more. Several workers then start as fast as one.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.runners.work import Work

_KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}
"""Tells glibc to keep freed memory: feature maps of tens of MB come and go with every frame, and giving them back to
the kernel each time costs a fifth of the encoding (mallopt(3))."""
_LARGE_PAGES = "glibc.malloc.hugetlb=1"
"""Asks for memory in pages of 2 MB, where the kernel has any: whole commands take 3 % less time. Only memory that is
taken from the kernel in large pieces, as the above does, is made of such pages."""
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "2048",
    "LANGUAGE": "C",
    **_KEEP_MEMORY,
}
"""One thread an operation, none in the background, which would be missing behind a fork; twice as many prepared layers,
so that crops of all sizes find theirs; and no look for translations of each of Beam's options, which nobody reads."""
_STANDARD_ERROR = 2
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """Fork a worker; its end of a pipe, the lock of the run and the log follow.

    Attributes:
        number: which worker, for :class:`ExitRequest`.
        work: what it does, pickled: if it cannot be read there, the log says so.
    """

    number: int
    work: bytes


@dataclass(frozen=True, slots=True)
class ExitRequest:
    """Say with which exit code a worker ends, when it does."""

    number: int


@dataclass(slots=True, eq=False)
class ForkServer:
    """A process that forks workers, and our end of the pipe to it. All of them end with it.

    Attributes:
        process: the process.
        connection: our end.
        n_forked: workers that were asked for.
    """

    process: subprocess.Popen[bytes]
    connection: Connection[Any, Any]
    n_forked: int = 0

    def fork(self, work: Work[Any], lock: int, log: int) -> tuple[int, Connection[Any, Any]]:
        """Have a worker started; when the server has ended, the pipe to the worker says so.

        Args:
            work: what it does.
            lock: descriptor of the lock of the run folder, for the worker to hold.
            log: descriptor of the file that it writes to.

        Returns:
            The worker's number and our end of the pipe to it.
        """
        ours, theirs = Pipe()
        number, self.n_forked = self.n_forked, self.n_forked + 1
        with theirs, suppress(OSError), socket.socket(fileno=os.dup(self.connection.fileno())) as channel:
            self.connection.send(ForkRequest(number, pickle.dumps(work)))
            socket.send_fds(channel, [b"."], [theirs.fileno(), lock, log])
        return number, ours

    def exit_code(self, number: int) -> int:
        """How a worker ended, or ends; the server's own exit code where it took all workers with it."""
        try:
            self.connection.send(ExitRequest(number))
            code: int = self.connection.recv()
        except (EOFError, OSError):
            return self.process.wait()
        return code

    def end(self) -> None:
        """End the server and its workers, and wait until they are gone."""
        self.process.terminate()
        if not self.connection.poll(_TIMEOUT_S):  # its end of the pipe is closed when it is gone
            self.process.kill()
        self.process.wait()
        self.connection.close()


def start_server() -> ForkServer:
    """Start a process that workers are forked from; until it has their log, it writes to our standard error.

    It begins with SIGINT blocked, as we have it meanwhile, for a Ctrl-C is ours to answer: a process that is still
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
                stdout=_STANDARD_ERROR,
                env=worker_environment(),
                pass_fds=(theirs.fileno(),),
            )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return ForkServer(process, ours)


_early: list[ForkServer] = []


def start_early() -> None:
    """Start the server of a command that is still to be imported; it ends with this process, needed or not.

    Where none can be started, the command says so when it needs one.
    """
    with suppress(OSError):
        _early.append(start_server())


def take_early() -> ForkServer | None:
    """The server that was started early, if nobody has taken it."""
    return _early.pop() if _early else None


def worker_environment() -> dict[str, str]:
    """Our own modules first, wherever the command was given: its folder, which paths are relative to, is the workers'
    too, but nothing is imported from it.
    """
    places = _joined(os.pathsep, str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))
    tunables = _joined(":", os.environ.get("GLIBC_TUNABLES"), _LARGE_PAGES)
    return {**os.environ, **_ENVIRONMENT, "PYTHONPATH": places, "GLIBC_TUNABLES": tunables}


def _joined(separator: str, *parts: str | None) -> str:
    return separator.join(part for part in parts if part)
