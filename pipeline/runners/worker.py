"""The process that forks the workers of a command, and the workers, which take jobs until there are none.

Started by :mod:`pipeline.runners.spawning` as ``python -m pipeline.runners.worker DESCRIPTOR PARENT``. No process
outlives its command: the kernel kills this one with it, and the workers with this one (Linux), and the pipes to the
command tell each of them. That is set up before anything heavy is imported, and the lock of the run folder, which the
workers are given, keeps other commands out until they are gone.

Workers are forked while this process has one thread and has not touched a GPU: it imports what they need and loads
models that run on the CPU.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import gc
import os
import pickle
import signal
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from pipeline.runners.exits import exit_now
from pipeline.runners.spawning import ExitRequest, ForkRequest
from pipeline.runners.worker_connection import ORPHANED, WorkerConnection

if TYPE_CHECKING:
    from pipeline.runners.work import Work

_PR_SET_PDEATHSIG = 1
_N_DESCRIPTORS = 3


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent does (Linux prctl(2)); the command answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})  # blocked while it was started
    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(ORPHANED)


@dataclass(slots=True)
class Workers:
    """The workers that run, by number; ``commands`` is the pipe to their command."""

    commands: Connection[Any, Any]
    _pids: dict[int, int] = field(default_factory=dict)

    def serve(self) -> None:
        """Fork workers and say how they ended, until the command has ended."""
        with suppress(EOFError, ConnectionError):
            while True:
                request: ForkRequest | ExitRequest = self.commands.recv()
                if isinstance(request, ExitRequest):
                    _, status = os.waitpid(self._pids[request.number], 0)
                    del self._pids[request.number]
                    self.commands.send(os.waitstatus_to_exitcode(status))
                else:
                    self._fork(request)

    def end(self) -> None:
        """Kill those that still run, and wait until they are gone."""
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)
        for pid in self._pids.values():
            os.waitpid(pid, 0)
        self._pids.clear()

    def _fork(self, request: ForkRequest) -> None:
        """Import what the work needs, where no worker did yet; if that fails, the worker that tries again says so.

        A SIGTERM meanwhile is for this process alone, and answered behind the fork: the hooks of modules that run in
        it would swallow the exception, and the child would end its siblings.
        """
        connection, lock, log = self._receive_descriptors()
        os.dup2(log, sys.stdout.fileno())
        os.dup2(log, sys.stderr.fileno())
        work: Work[Any] = pickle.loads(request.work)  # noqa: S301 - from our parent, through a pipe
        with suppress(Exception):
            work.preload()
        gc.freeze()
        server = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        pid = os.fork()
        if not pid:
            self.commands.close()
            _work(server, connection, work)
        self._pids[request.number] = pid
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        for descriptor in (connection, lock, log):
            os.close(descriptor)

    def _receive_descriptors(self) -> list[int]:
        """Of a worker's end of the pipe, the lock and the log."""
        with socket.socket(fileno=os.dup(self.commands.fileno())) as channel:
            _, found, _, _ = socket.recv_fds(channel, 1, _N_DESCRIPTORS)
        if not found:
            raise EOFError
        if len(found) < _N_DESCRIPTORS:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return found


def _work(server: int, connection: int, given: Work[Any]) -> NoReturn:
    """Be a worker, which holds the lock of the run until it ends."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        end_with_parent(server)
        from pipeline.runners.local import work

        work(WorkerConnection(connection), given)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        exit_now(status)


def _end(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit


def main(descriptor: int, parent: int) -> None:
    """Load what workers need, then fork them until the command has ended."""
    end_with_parent(parent)
    faulthandler.enable()  # a crash in a decoder or a model leaves its place in the log
    workers = Workers(Connection(descriptor))
    gc.disable()  # until all is loaded: modules are no garbage, and to look for it takes half a second
    try:
        signal.signal(signal.SIGTERM, _end)
        with suppress(Exception):
            import pipeline.runners.local  # noqa: F401
        workers.serve()
    except Exception:
        traceback.print_exc()
    except SystemExit:
        workers.end()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)  # the command is told how this process ended
    finally:
        workers.end()
        exit_now(ORPHANED)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
