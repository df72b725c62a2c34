"""``WriteTables`` and ``WriteRejects``: the results of ``annotate`` → the run folder."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from pipeline.runs.batch_rejects import write_reject
from pipeline.runs.commit import commit_video
from pipeline.runs.folder import RunFolder
from schemas.elements import RejectedVideo, SampledVideo
from schemas.ranges import VideoKey
from stages.transform import Results, StageDoFn, parallel
from stages.video import Opener


class WriteTablesDoFn(StageDoFn):
    """Commits one video."""

    def __init__(self, run: RunFolder, jpeg_quality: int, opener: Opener) -> None:
        super().__init__()
        self._run, self._jpeg_quality, self._opener = run, jpeg_quality, opener

    def work(self, sampled: SampledVideo) -> Iterable[VideoKey]:
        """See :func:`pipeline.runs.commit.commit_video`."""
        commit_video(self._run, sampled, self._jpeg_quality, self._opener)
        return [VideoKey(sampled.job.video_id, sampled.job.unit)]


class WriteTables(beam.PTransform[PCollection[SampledVideo], Results]):
    """Videos with candidates → committed videos, and rejected videos."""

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


def _write_reject(rejected: RejectedVideo, run: RunFolder) -> None:
    write_reject(run, rejected)
    Metrics.counter("WriteRejects", "done").inc()
