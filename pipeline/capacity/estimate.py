"""What a run will take, before it starts: the needs of its videos, spread over its workers."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.capacity.costs import load_costs
from pipeline.capacity.footage import Footage
from pipeline.capacity.needs import Needs, core_speed, needs_of
from pipeline.capacity.time_left import duration
from pipeline.config import RunConfig
from pipeline.runners.progress import Total
from schemas.wording import many


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker will do, as far as can be known: workers take the next video when they are free.

    Attributes:
        videos: how many.
        frames: of them together.
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
    workers: tuple[Share, ...]
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
        known = f"about {self.total.frames:,} frames"
        if not self.open_ended:
            return known
        unknown = f"{len(self.open_ended):,} video{'s' * (len(self.open_ended) > 1)} of unknown length"
        return f"{known} and {unknown}" if len(self.open_ended) < self.total.videos else unknown


def estimate(footage: Sequence[Footage], config: RunConfig) -> Estimate:
    """Estimate from file headers and measured costs; videos that cannot be read count nothing."""
    costs = load_costs()
    needs = [needs_of(one, config, costs) for one in footage]
    shares = _spread(footage, needs, config, costs.process.start_s)
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


def planned_seconds(footage: Sequence[Footage], config: RunConfig) -> dict[str, float]:
    """What every video takes, by the unit of its job."""
    costs = load_costs()
    return {one.job.unit: needs_of(one, config, costs).seconds for one in footage}


@dataclass(slots=True)
class _Worker:
    """One in the simulation.

    Attributes:
        videos: so far.
        frames: of them together.
        ends_s: when its last video is done.
        left_s: of the video that it works on, at the full speed of its cores.
    """

    videos: int = 0
    frames: int = 0
    ends_s: float = 0.0
    left_s: float = 0.0


def _spread(footage: Sequence[Footage], needs: Sequence[Needs], config: RunConfig, start_s: float) -> tuple[Share, ...]:
    """Every video goes to the worker that is free first, as the workers do it; who works alone is faster."""
    waiting = deque(zip(footage, needs, strict=True))
    workers = [_Worker() for _ in range(min(config.compute.n_workers, len(footage)))]
    now = start_s
    while waiting or any(worker.left_s for worker in workers):
        for worker in workers:
            if waiting and not worker.left_s:
                one, need = waiting.popleft()
                worker.videos, worker.frames = worker.videos + 1, worker.frames + one.least_frames
                worker.left_s = need.seconds
        busy = [worker for worker in workers if worker.left_s]
        step = min((worker.left_s for worker in busy), default=0.0)
        now += step / core_speed(len(busy), config)
        for worker in busy:
            worker.left_s, worker.ends_s = worker.left_s - step, now
    return tuple(Share(worker.videos, worker.frames, max(worker.ends_s, start_s)) for worker in workers)


def _largest(values: Iterable[float], count: int) -> float:
    return sum(heapq.nlargest(count, values))
