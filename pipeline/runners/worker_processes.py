"""The worker processes of one command, forked from one that was maybe started early, and ended with the command."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Generic

from pipeline.runners.spawning import ForkServer, start_server, take_early
from pipeline.runners.work import JobT, Work
from pipeline.runs.folder import RunFolder


@dataclass(slots=True, eq=False)
class WorkerProcess(Generic[JobT]):
    """A process, our end of the pipe to it, and the job that it works on.

    Attributes:
        server: which forked it.
        number: its number there.
        connection: our end of the pipe.
        job: None while it has none.
    """

    server: ForkServer
    number: int
    connection: Connection[Any, Any]
    job: JobT | None = None

    def send(self, message: object) -> None:
        """Say something to the worker."""
        with suppress(OSError):  # of a dead worker, whose end of the pipe will say so
            self.connection.send(message)

    def exit_code(self) -> int:
        """How the worker ended, or ends; it is asked once."""
        return self.server.exit_code(self.number)


class WorkerProcesses(Generic[JobT]):
    """All of one command; used with ``with``, which ends those that still run.

    Attributes:
        log: where workers write what they have to say.
        running: those that were handed out and have not been given back.
    """

    def __init__(self, run: RunFolder, lock: int) -> None:
        """Start none yet.

        Args:
            run: where results go.
            lock: descriptor of the run folder's lock; workers hold it too.
        """
        self.log: Path = run.local / "logs" / "workers.log"
        self.running: list[WorkerProcess[JobT]] = []
        self._server = take_early()
        self._lock = lock

    def __enter__(self) -> WorkerProcesses[JobT]:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.end()

    def start(self, work: Work[JobT]) -> WorkerProcess[JobT]:
        """One more that runs; it has the lock and the log, and asks for jobs when it has loaded its models."""
        if self._server is None or self._server.process.poll() is not None:
            self._server = start_server()
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            worker: WorkerProcess[JobT] = WorkerProcess(
                self._server, *self._server.fork(work, self._lock, log.fileno())
            )
        self.running.append(worker)
        return worker

    def end(self) -> None:
        """End all, and leave no empty log behind."""
        for worker in self.running:
            worker.connection.close()
        self.running = []
        if self._server is not None:
            self._server.end()
            self._server = None
        with suppress(OSError):
            if not self.log.stat().st_size:
                self.log.unlink()
                self.log.parent.rmdir()
