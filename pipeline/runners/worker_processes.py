"""The worker processes of one command: started, maybe before there is work for them, and ended with it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Generic

from pipeline.runners.spawning import spawn, take_early
from pipeline.runners.work import JobT
from pipeline.runs.folder import RunFolder


@dataclass(slots=True, eq=False)
class WorkerProcess(Generic[JobT]):
    """A process, our end of the pipe to it, and the job that it works on."""

    process: subprocess.Popen[bytes]
    connection: Connection[Any, Any]
    job: JobT | None = None

    def send(self, message: object) -> None:
        """Say something to the worker."""
        with suppress(OSError):  # of a dead worker, whose end of the pipe will say so
            self.connection.send(message)


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
        self._ahead: list[WorkerProcess[JobT]] = []
        self._early = take_early()
        self._lock = lock

    def __enter__(self) -> WorkerProcesses[JobT]:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.end()

    def start_ahead(self, n: int = 1) -> None:
        """Start some that load their modules while the caller still finds out what there is to do."""
        self._ahead += [self._started() for _ in range(n)]

    def start(self) -> WorkerProcess[JobT]:
        """One more that runs, started ahead or now; it waits for what it is to do."""
        worker = self._ahead.pop(0) if self._ahead else self._started()
        self.running.append(worker)
        return worker

    def end_ahead(self) -> None:
        """End those that nobody needs."""
        workers, self._ahead = self._ahead, []
        _end(workers)

    def end(self) -> None:
        """End all, and leave no empty log behind."""
        workers, self.running = self.running, []
        _end(workers)
        self.end_ahead()
        with suppress(OSError):
            if not self.log.stat().st_size:
                self.log.unlink()
                self.log.parent.rmdir()

    def _started(self) -> WorkerProcess[JobT]:
        """One that was started early, or a new one; it has the lock and the log now."""
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            worker = self._early.pop() if self._early else spawn(log.fileno())
            with suppress(OSError):  # of a dead worker, whose end of the pipe says so
                worker.give(self._lock, log.fileno())
        return WorkerProcess(worker.process, worker.connection)


def _end(workers: Sequence[WorkerProcess[Any]]) -> None:
    for worker in workers:
        worker.process.terminate()
        worker.connection.close()
    for worker in workers:
        try:
            worker.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
