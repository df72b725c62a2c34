"""The jobs of one command: which is next, its outcome, and which video is given up.

A video has one job, or one for each batch of its objects. These may be in work on several workers at once: each leaves
its batch where the others find it, and whoever comes last makes the video whole and commits it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol

from pipeline.runners.work import Job_contra, JobT, Work
from stages.progress import Step

ATTEMPTS = 2
"""How often a job may kill its worker before its video is rejected."""


class Watcher(Protocol[Job_contra]):
    """Shows how far the work on jobs is."""

    def step(self, job: Job_contra, step: Step, /) -> None:
        """The work on a job has come so far."""
        ...

    def stop(self, job: Job_contra, /) -> None:
        """Nobody works on a job any more."""
        ...

    def finish(self, job: Job_contra, /) -> None:
        """A job is over."""
        ...


@dataclass(slots=True)
class JobQueue(Generic[JobT]):
    """See the module.

    Attributes:
        work: what is done.
        watch: is told what is over.
    """

    work: Work[JobT]
    watch: Watcher[JobT]
    _waiting: deque[JobT] = field(default_factory=deque, init=False)
    _open: Counter[str] = field(default_factory=Counter, init=False)
    _in_work: Counter[str] = field(default_factory=Counter, init=False)
    _deaths: Counter[Hashable] = field(default_factory=Counter, init=False)
    _finished: set[str] = field(default_factory=set, init=False)
    _given_up: dict[str, str] = field(default_factory=dict, init=False)

    def add(self, jobs: Iterable[JobT]) -> None:
        """Have jobs wait, the first ones first."""
        for job in jobs:
            self._waiting.append(job)
            self._open[job.unit] += 1

    def has_next(self) -> bool:
        """Whether a job waits for a worker; jobs of videos that are finished or given up are over."""
        while self._waiting and self._is_over(self._waiting[0]):
            self._end(self._waiting.popleft())
        return bool(self._waiting)

    def take(self) -> JobT | None:
        """The next job, for a worker that will :meth:`release` it; None when none waits."""
        if not self.has_next():
            return None
        job = self._waiting.popleft()
        self._in_work[job.unit] += 1
        return job

    def release(self, job: JobT, how: str = "it returned no result") -> None:
        """Take note of the outcome of a job that a worker has finished, or died in (``how``)."""
        self._in_work[job.unit] -= 1
        if self.work.is_finished(job):
            self._finished.add(job.unit)
        elif job.unit not in self._given_up and not self._waits_for_others(job):
            self._deaths[job.key] += 1
            if self._deaths[job.key] < ATTEMPTS:
                self._try_again(job)
                return
            self._given_up[job.unit] = f"the worker process died {ATTEMPTS} times on this video ({how})"
        self._end(job)

    def _is_over(self, job: JobT) -> bool:
        return job.unit in self._finished or job.unit in self._given_up

    def _waits_for_others(self, job: JobT) -> bool:
        """Whether a job's batch is there, and another job is left to make the video whole."""
        return self._open[job.unit] > 1 and self.work.is_kept(job)

    def _try_again(self, job: JobT) -> None:
        self.watch.stop(job)
        if not self._in_work[job.unit]:
            self.work.prepare_again(job)
        self._waiting.appendleft(job)

    def _end(self, job: JobT) -> None:
        """A job is over; with the last one of a video, the video is."""
        self._open[job.unit] -= 1
        if not self._open[job.unit]:
            if job.unit in self._given_up and not self.work.is_finished(job):
                self.work.prepare_again(job)
                self.work.give_up(job, self._given_up[job.unit])
            self.work.close(job)
        self.watch.finish(job)
