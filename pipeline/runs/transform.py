"""Where the graph meets the run folder: ``SkipCommitted`` begins it, ``WriteTables`` and ``WriteRejects`` end it."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipeline.runs.commit import commit_reject, commit_video, is_committed
from pipeline.runs.folder import RunFolder
from schemas.elements import RejectedVideo, SampledVideo
from schemas.jobs import VideoJob
from stages.transform import Results, StageDoFn, parallel
from stages.video import Opener


class SkipCommitted(beam.PTransform[PCollection[VideoJob], PCollection[VideoJob]]):
    """Videos → those that are not committed yet: a job that a runner starts again continues where it was cut off."""

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self._run = run

    def expand(self, jobs: PCollection[VideoJob]) -> PCollection[VideoJob]:
        """Looked up when a worker begins with a video."""
        open_jobs: PCollection[VideoJob] = jobs | "IsOpen" >> beam.Filter(_is_open, run=self._run)
        return open_jobs


class WriteTablesDoFn(StageDoFn):
    """Commits one video."""

    def __init__(self, run: RunFolder, jpeg_quality: int, opener: Opener) -> None:
        super().__init__()
        self._run, self._jpeg_quality, self._opener = run, jpeg_quality, opener

    def work(self, sampled: SampledVideo) -> Iterable[str]:
        """See :func:`pipeline.runs.commit.commit_video`."""
        commit_video(self._run, sampled, self._jpeg_quality, self._opener)
        return [sampled.job.video_id]


class WriteTables(beam.PTransform[PCollection[SampledVideo], Results]):
    """Videos with candidates → ids of committed videos, and rejected videos."""

    def __init__(self, run: RunFolder, jpeg_quality: int, opener: Opener) -> None:
        super().__init__()
        self._stage = WriteTablesDoFn(run, jpeg_quality, opener)

    def expand(self, videos: PCollection[SampledVideo]) -> Results:
        """One element a video."""
        return parallel(videos, "CommitVideo", self._stage)


class WriteRejects(beam.PTransform[tuple[PCollection[RejectedVideo], ...], None]):
    """Writes why videos were rejected, each by itself and at once: one file a video."""

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self._run = run

    def expand(self, rejected: tuple[PCollection[RejectedVideo], ...]) -> None:
        """One branch a stage: a Flatten would hold everything back until all videos are through."""
        for number, videos in enumerate(rejected):
            videos | f"WriteReject{number}" >> beam.Map(_write_reject, run=self._run)


def _is_open(job: VideoJob, run: RunFolder) -> bool:
    return not is_committed(run, job)


def _write_reject(rejected: RejectedVideo, run: RunFolder) -> None:
    commit_reject(run, rejected)
