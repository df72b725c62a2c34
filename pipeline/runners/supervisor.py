"""The graph on this machine: worker processes that are handed jobs, watched, replaced when they die, ended.

Every worker runs the whole graph in memory and asks for its next job over a pipe, so a slow video holds nobody up, no
port is opened, and a dead worker costs one video at most: its job is tried once more, then the video is rejected.
Beam's own multi-processing waits for ever when a worker is killed; general pools (pebble, loky) and multiprocessing's
fork server import the main module before anything of ours runs in the child, too late for the death signal, and pass on
no progress.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Generic

from pipeline.runners.exits import describe, explain
from pipeline.runners.job_queue import JobQueue, Watcher
from pipeline.runners.work import JobT, Work
from pipeline.runners.worker_connection import CannotWrite, Ready
from pipeline.runners.worker_processes import WorkerProcess, WorkerProcesses
from pipeline.terminal.console import WorkProblem
from stages.progress import Step

STARTS = 2
"""How often, for each worker, one may be killed while it starts; all die with the process that forks them."""


@dataclass(slots=True)
class Supervisor(Generic[JobT]):
    """All worker processes of one command.

    Attributes:
        work: what they do.
        workers: the processes, of which one may have been started already; whoever made them ends them.
        watch: is told how far everything is.
    """

    work: Work[JobT]
    workers: WorkerProcesses[JobT]
    watch: Watcher[JobT]
    _queue: JobQueue[JobT] = field(init=False)
    _failed_starts: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._queue = JobQueue(self.work, self.watch)

    def do(self, jobs: list[JobT]) -> None:
        """Do all jobs, the first ones first.

        Raises:
            WorkProblem: a disk is full, or workers cannot start at all.
        """
        self._queue.add(jobs)
        for _ in range(min(self.work.n_workers, len(jobs))):
            self._start()
        while running := self.workers.running:
            ready = wait([worker.connection for worker in running])
            for worker in [worker for worker in running if worker.connection in ready]:
                self._receive(worker)

    def _start(self) -> None:
        self.workers.start(self.work)

    def _receive(self, worker: WorkerProcess[JobT]) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            self._handle_exit(worker)
            return
        if isinstance(message, Step) and worker.job:
            self.watch.step(worker.job, message)
        elif isinstance(message, CannotWrite):
            raise WorkProblem(message.sentence)
        elif isinstance(message, Ready):
            self._failed_starts = 0
            if worker.job is not None:
                self._queue.release(worker.job)
            worker.job = self._queue.take()
            worker.send(worker.job)

    def _handle_exit(self, worker: WorkerProcess[JobT]) -> None:
        self.workers.running.remove(worker)
        worker.connection.close()
        code = worker.exit_code()
        if code == 0 and worker.job is None:
            return
        if worker.job is None:
            self._failed_starts += 1
            if code > 0 or self._failed_starts >= STARTS * self.work.n_workers:
                raise self._cannot_start(code)
        else:
            self._queue.release(worker.job, explain(code))
        if self._queue.has_next():
            self._start()

    def _cannot_start(self, code: int) -> WorkProblem:
        log = self.workers.log
        if lines := log.read_text(errors="replace").strip().splitlines():
            return WorkProblem(f"a worker could not start ({describe(code)}); {log} ends: {lines[-1]}")
        return WorkProblem(f"a worker could not start ({explain(code)})")
