"""The graph on this machine: worker processes that are handed jobs, watched, replaced when they die, ended.

Every worker runs the whole graph in memory and asks for its next job over a pipe, so a slow video holds nobody up, no
port is opened, and a dead worker costs one video at most: that video is tried once more and then rejected. Beam's own
multi-processing waits for ever when a worker is killed; general pools (pebble, loky) import the main module before
anything of ours runs in the child, too late for the death signal, and pass on no progress.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from pipeline.config import RunConfig
from pipeline.runners.exits import describe
from pipeline.runners.link import Ready
from pipeline.runners.outcomes import is_settled
from pipeline.runners.progress import Watch
from pipeline.runners.worker import NO_SPACE
from pipeline.runs.commit import commit_reject, is_committed
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import WorkProblem
from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from stages.memory import KEEP_MEMORY
from stages.progress import Step

ATTEMPTS = 2
"""How often a video may kill its worker before it is rejected, and how often a worker may be killed while it starts."""
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", **KEEP_MEMORY}
"""One thread an operation, in every thread of the worker, and memory that stays."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection[Any, Any]
    job: VideoJob | None = None

    def send(self, message: object) -> None:
        with suppress(OSError):  # of a dead worker, whose end of the pipe will say so
            self.connection.send(message)


@dataclass(slots=True)
class Supervisor:
    """All worker processes of one command.

    Attributes:
        run: where results go.
        config: of the run.
        lock: descriptor of the run folder's lock; workers hold it too.
        watch: is told how far everything is.
    """

    run: RunFolder
    config: RunConfig
    lock: int
    watch: Watch
    _queue: deque[VideoJob] = field(default_factory=deque, init=False)
    _workers: list[_Worker] = field(default_factory=list, init=False)
    _deaths: Counter[str] = field(default_factory=Counter, init=False)
    _failed_starts: int = field(default=0, init=False)

    def work(self, jobs: list[VideoJob]) -> None:
        """Do all jobs, the first ones first.

        Raises:
            WorkProblem: the run folder is full, or workers cannot start at all.
        """
        self._queue.extend(jobs)
        self._log.parent.mkdir(exist_ok=True)
        try:
            for _ in range(min(self.config.compute.n_workers, len(jobs))):
                self._start()
            while self._workers:
                ready = wait([worker.connection for worker in self._workers])
                for worker in [worker for worker in self._workers if worker.connection in ready]:
                    self._hear(worker)
        finally:
            self._end()

    @property
    def _log(self) -> Path:
        return self.run.local / "logs" / "workers.log"

    def _start(self) -> None:
        ours, theirs = Pipe()
        command = [sys.executable, "-P", "-m", "pipeline.runners.worker", str(theirs.fileno()), str(os.getpid())]
        with theirs, self._log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=worker_environment(),
                pass_fds=(theirs.fileno(), self.lock),
            )
        worker = _Worker(process, ours)
        self._workers.append(worker)
        worker.send((self.run, self.config))

    def _hear(self, worker: _Worker) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            self._handle_exit(worker)
            return
        if isinstance(message, Step) and worker.job:
            self.watch.step(worker.job, message)
        elif isinstance(message, Ready):
            self._failed_starts = 0
            self._finish(worker)
            worker.job = self._queue.popleft() if self._queue else None
            worker.send(worker.job)

    def _finish(self, worker: _Worker) -> None:
        job, worker.job = worker.job, None
        if job is None:
            return
        if is_settled(self.run, job):
            self.watch.finish(job)
        else:
            self._try_again(job, "it gave no result")

    def _handle_exit(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.connection.close()
        code = worker.process.wait()
        if code == NO_SPACE:
            raise WorkProblem(
                f"no space is left for run folder {self.run.path}. Finished videos are kept: "
                "free some space and run the same command again"
            )
        if code == 0 and worker.job is None:
            return
        if worker.job is None:
            self._failed_starts += 1
            if code > 0 or self._failed_starts >= ATTEMPTS:
                raise self._cannot_start(code)
        elif is_committed(self.run, worker.job):
            self.watch.finish(worker.job)
        else:
            self._try_again(worker.job, describe(code))
        if self._queue:
            self._start()

    def _try_again(self, job: VideoJob, how: str) -> None:
        self.watch.stop(job)
        self.run.drop_unit(job.video_id, job.unit)
        self._deaths[job.unit] += 1
        if self._deaths[job.unit] < ATTEMPTS:
            self._queue.appendleft(job)
            return
        detail = f"the worker process died {ATTEMPTS} times on this video ({how}); out of memory is the usual cause"
        commit_reject(
            self.run, RejectedVideo(job, Reject("annotate", job.video_id, "worker_died", detail, job.file.uri))
        )
        self.watch.finish(job)

    def _cannot_start(self, code: int) -> WorkProblem:
        said = self._log.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing"]
        return WorkProblem(f"a worker could not start ({describe(code)}); {self._log} ends: {said[0]}")

    def _end(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
            worker.connection.close()
        for worker in self._workers:
            try:
                worker.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()


def worker_environment() -> dict[str, str]:
    """Our own modules first, wherever the command was given: its folder, which paths are relative to, is the workers'
    too, but nothing is imported from it.
    """
    places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(place for place in places if place)}
