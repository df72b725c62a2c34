"""What a run will take, before it starts: the needs of its videos, spread over its workers."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.capacity.costs import Costs
from pipeline.capacity.footage import Footage
from pipeline.capacity.needs import Needs, core_speed, costs_on, needs_of
from pipeline.capacity.time_left import duration
from pipeline.config import RunConfig
from pipeline.runners.progress import Total
from schemas.jobs import VideoJob
from schemas.wording import many


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """What one worker will do, as far as can be known: workers take the next job when they are free.

    Attributes:
        videos: that it works on; several workers may work on one.
        frames: of them together, of a video of several jobs a share.
        seconds: until it ends.
    """

    videos: int
    frames: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run takes; bytes are upper bounds.

    Attributes:
        total: videos, frames and objects.
        workers: their shares.
        seconds: from start to end.
        main_bytes: main memory of all processes at once.
        worker_bytes: main memory of the largest worker.
        gpu_bytes: memory of the GPU; 0 without one.
        spool_bytes: on disk for a while, at once.
        kept_bytes: on disk for good.
        open_ended: ids of the videos of unknown length; beyond their last localized frame they count nothing.
    """

    total: Total
    workers: tuple[WorkerShare, ...]
    seconds: float
    main_bytes: float
    worker_bytes: float
    gpu_bytes: float
    spool_bytes: float
    kept_bytes: float
    open_ended: tuple[str, ...] = ()

    def sentence(self) -> str:
        """For people."""
        roughly = "more than" if self.open_ended else "roughly"
        return (
            f"To do: {many(self.total.videos, 'video')}, {many(self.total.objects, 'object')}, {self.length()}; "
            f"{roughly} {duration(self.seconds)} with {many(len(self.workers), 'worker')}, "
            f"at most {self.main_bytes / 1e9:.1f} GB of memory."
        )

    def length(self) -> str:
        """How many frames there are, as far as is known, for people."""
        known = f"about {many(self.total.frames, 'frame')}"
        if not self.open_ended:
            return known
        unknown = f"{many(len(self.open_ended), 'video')} of unknown length"
        return f"{known} and {unknown}" if len(self.open_ended) < self.total.videos else unknown


def estimate(footage: Sequence[Footage], config: RunConfig) -> Estimate:
    """Estimate from file headers and measured costs; videos that cannot be read count nothing."""
    costs = costs_on(config.compute.device)
    jobs = planned_jobs(footage, config)
    needs = [job.needs for job in jobs]
    shares = _spread(jobs, config, costs.process.start_s)
    at_once = len(shares)
    total = Total(len(footage), sum(one.least_frames for one in footage), sum(one.job.n_objects for one in footage))
    return Estimate(
        total,
        shares,
        max((share.seconds for share in shares), default=0.0),
        costs.process.command_bytes + _largest((need.main_bytes for need in needs), at_once),
        _largest((need.main_bytes for need in needs), 1),
        _largest((need.gpu_bytes for need in needs), at_once),
        _largest((need.spool_bytes for need in needs), at_once),
        sum(need.kept_bytes for need in needs),
        tuple(one.job.video_id for one in footage if one.is_open_ended),
    )


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """What is handed to a worker: a video, or one batch of its objects.

    Attributes:
        job: for the worker.
        frames: of the video, of several jobs the share of this one.
        needs: what it takes.
    """

    job: VideoJob
    frames: float
    needs: Needs


def planned_jobs(footage: Sequence[Footage], config: RunConfig, costs: Costs | None = None) -> list[PlannedJob]:
    """All jobs, in the order of the videos, at the costs that models have on this machine or at others."""
    costs = costs or costs_on(config.compute.device)
    return [planned for one in footage for planned in _jobs(one, needs_of(one, config, costs), config)]


def _jobs(footage: Footage, needs: Needs, config: RunConfig) -> list[PlannedJob]:
    jobs = footage.job.by_batch(config.models.objects_a_pass)
    return [PlannedJob(job, footage.least_frames / len(jobs), needs.of_one_job(len(jobs))) for job in jobs]


@dataclass(slots=True)
class _Worker:
    """One in the simulation.

    Attributes:
        units: of its videos so far.
        frames: of them together.
        ends_s: when its last job is done.
        left_s: of the job that it works on, at the full speed of its cores.
    """

    units: set[str] = field(default_factory=set)
    frames: float = 0.0
    ends_s: float = 0.0
    left_s: float = 0.0


def _spread(jobs: Sequence[PlannedJob], config: RunConfig, start_s: float) -> tuple[WorkerShare, ...]:
    """Every job goes to the worker that is free first, as the workers do it; who works alone is faster."""
    waiting = deque(jobs)
    workers = [_Worker() for _ in range(min(config.compute.n_workers, len(jobs)))]
    now = start_s
    while waiting or any(worker.left_s for worker in workers):
        for worker in workers:
            if waiting and not worker.left_s:
                planned = waiting.popleft()
                worker.units.add(planned.job.unit)
                worker.frames, worker.left_s = worker.frames + planned.frames, planned.needs.seconds
        busy = [worker for worker in workers if worker.left_s]
        step = min((worker.left_s for worker in busy), default=0.0)
        now += step / core_speed(len(busy), config)
        for worker in busy:
            worker.left_s, worker.ends_s = worker.left_s - step, now
    return tuple(WorkerShare(len(one.units), round(one.frames), max(one.ends_s, start_s)) for one in workers)


def _largest(values: Iterable[float], count: int) -> float:
    return sum(heapq.nlargest(count, values))
