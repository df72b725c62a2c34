"""What a run will take, before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import RunConfig
from pipeline.files import is_remote
from pipeline.jobs import VideoJob
from pipeline.progress import Total
from stages.frames import DecodeError, probe

# seconds on one core of a 2021 server processor, measured with `make bench`: a frame, and an object on a frame
_SECONDS = {"embedded": (0.12, 0.13), "embedded_fast": (0.07, 0.08), "flow": (0.05, 0.01)}
_UNKNOWN = (0.2, 0.1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rough cost of the open jobs."""

    total: Total
    seconds: float
    workers: int

    def sentence(self) -> str:
        """For people."""
        minutes = self.seconds / 60
        span = (
            f"{self.seconds:.0f} s"
            if minutes < 2
            else f"{minutes:.0f} min"
            if minutes < 120
            else f"{minutes / 60:.1f} h"
        )
        return (
            f"To do: {self.total.videos:,} videos, {self.total.objects:,} objects, about {self.total.frames:,} frames; "
            f"roughly {span} on CPU with {self.workers} worker{'s' * (self.workers > 1)}."
        )


def estimate(jobs: Sequence[VideoJob], config: RunConfig) -> Estimate:
    """Estimate from file headers; videos that cannot be read count nothing."""
    frame_s, object_s = _SECONDS.get(config.models.propagator, _UNKNOWN)
    frames, seconds = 0, 0.0
    for job in jobs:
        n_frames = _frames(job)
        frames += n_frames
        seconds += n_frames * (frame_s + object_s * job.n_objects)
    workers = min(config.compute.workers, len(jobs)) or 1
    total = Total(len(jobs), frames, sum(job.n_objects for job in jobs))
    return Estimate(total, seconds / workers, workers)


def _frames(job: VideoJob) -> int:
    if job.file.frames:
        return len(job.file.frames)
    if is_remote(job.file.uri):
        return 0
    try:
        return probe(job.file).n_frames
    except DecodeError:
        return 0
