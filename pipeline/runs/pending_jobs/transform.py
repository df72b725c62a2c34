"""``ReadInputs`` and ``SkipCommitted``: what ``annotate`` has to do."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from pipeline.runs.commit import is_committed
from pipeline.runs.folder import RunFolder
from pipeline.runs.pending_jobs.files import read_jobs
from schemas.jobs import VideoJob
from schemas.remote_paths import AnyPath


class ReadInputs(beam.PTransform[PCollection[AnyPath], PCollection[VideoJob]]):
    """Files of jobs → videos with their localizations."""

    def expand(self, files: PCollection[AnyPath]) -> PCollection[VideoJob]:
        """One element a video."""
        jobs: PCollection[VideoJob] = files | "ReadJobs" >> beam.FlatMap(_read_jobs)
        return jobs


class SkipCommitted(beam.PTransform[PCollection[VideoJob], PCollection[VideoJob]]):
    """Videos → those that are not committed yet: a job that a runner starts again continues where it was cut off."""

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self._run = run

    def expand(self, jobs: PCollection[VideoJob]) -> PCollection[VideoJob]:
        """Looked up when a worker begins with a video."""
        open_jobs: PCollection[VideoJob] = jobs | "IsOpen" >> beam.Filter(_is_open, run=self._run)
        return open_jobs


def _read_jobs(file: AnyPath) -> list[VideoJob]:
    jobs = read_jobs(file)
    Metrics.counter("ReadInputs", "done").inc(len(jobs))
    return jobs


def _is_open(job: VideoJob, run: RunFolder) -> bool:
    is_open = not is_committed(run, job)
    Metrics.counter("SkipCommitted", "open" if is_open else "skipped").inc()
    return is_open
