"""What a corpus takes on a cluster: the planned seconds of its jobs, replayed on many workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.capacity.costs import Costs
from pipeline.capacity.estimate import planned_jobs
from pipeline.capacity.footage import Footage
from pipeline.capacity.needs import SIDE_BY_SIDE
from pipeline.config import RunConfig, with_compute


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers of one core and one thread each, which share their machines with others.

    Attributes:
        workers: how many.
        price: of a worker's hour; 0 where it does not matter.
        loss_rate: workers that are lost in an hour, of one worker. Each loss starts the job again: committed videos are
            left out, those in work start over.
        restart_s: from a loss until workers work again.
    """

    workers: int
    price: float = 0.0
    loss_rate: float = 0.0
    restart_s: float = 60.0

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers {self.workers} must be at least 1")
        for name in ("price", "loss_rate", "restart_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)} is negative")


@dataclass(frozen=True, slots=True)
class Replay:
    """A corpus on a cluster.

    Attributes:
        workers: how many.
        hours: from start to end; infinite when workers are lost faster than videos are done.
        worker_hours: of all workers together, paid whether they work or wait.
        money: at the price of a worker's hour.
        waiting: share of the workers' time in which they have nothing left to do, with no loss_rate.
        lost: share of the hours that restarts take.
        longest_s: of the longest job, below which no number of workers brings the run.
    """

    workers: int
    hours: float
    worker_hours: float
    money: float
    waiting: float
    lost: float
    longest_s: float


def replay(seconds: Sequence[float], cluster: Cluster) -> Replay:
    """Assign the longest jobs first, one to each worker in turn, as Beam does on Flink; no worker takes over.

    Losses come at any time, so that a loss takes what workers have done of their jobs by then on average: half a
    job, more where jobs differ (Σs² / 2Σs).

    Args:
        seconds: of every job, at least one, on a core of its own.
        cluster: what it runs on.

    >>> found = replay([3600.0, 1800.0, 1800.0], Cluster(workers=2, price=2.0))
    >>> found.hours, found.worker_hours, found.money, round(found.waiting, 3)
    (1.5, 3.0, 6.0, 0.333)
    """
    ordered = sorted(seconds, reverse=True)
    loads = [math.fsum(ordered[worker :: cluster.workers]) for worker in range(cluster.workers)]
    undisturbed_h = max(loads) / 3600
    total_s = math.fsum(ordered)
    begun_s = math.fsum(s * s for s in ordered) / (2 * total_s) if total_s else 0.0
    lost = cluster.loss_rate * cluster.workers * (cluster.restart_s + begun_s) / 3600
    hours = undisturbed_h / (1 - lost) if lost < 1 else math.inf
    worker_hours = hours * cluster.workers
    waiting = 1 - total_s / (max(loads) * cluster.workers) if total_s else 0.0
    money = worker_hours * cluster.price if cluster.price else 0.0
    return Replay(cluster.workers, hours, worker_hours, money, waiting, min(lost, 1.0), ordered[0])


def corpus_seconds(
    footage: Sequence[Footage], config: RunConfig, n_videos: int, costs: Costs | None = None
) -> list[float]:
    """Seconds of every job of a corpus of ``n_videos`` like these, on cores that slow each other.

    A job is a video, or one batch of the objects of a crowded one.

    Args:
        footage: at least one video; those that cannot be read take no time.
        config: of the run; what it says of workers and threads does not count.
        n_videos: of the corpus.
        costs: of the models; by default those on this machine.
    """
    alone = with_compute(config, workers=1, threads=1)
    each = [[job.needs.seconds / SIDE_BY_SIDE for job in planned_jobs([one], alone, costs)] for one in footage]
    return [seconds for number in range(n_videos) for seconds in each[number % len(each)]]
