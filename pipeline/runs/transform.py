"""``WriteTables`` and ``WriteRejects``: the end of the graph, where results are committed to the run folder."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipeline.runs.commit import commit_reject, commit_video
from pipeline.runs.folder import RunFolder
from schemas.elements import RejectedVideo, SampledVideo
from stages.transform import Results, StageDoFn, parallel


class WriteTablesDoFn(StageDoFn):
    """Commits one video."""

    def __init__(self, run: RunFolder, jpeg_quality: int) -> None:
        super().__init__()
        self._run, self._jpeg_quality = run, jpeg_quality

    def work(self, sampled: SampledVideo) -> Iterable[str]:
        """See :func:`pipeline.runs.commit.commit_video`."""
        commit_video(self._run, sampled, self._jpeg_quality)
        return [sampled.job.video_id]


class WriteTables(beam.PTransform[PCollection[SampledVideo], Results]):
    """Videos with candidates → ids of committed videos, and rejected videos."""

    def __init__(self, run: RunFolder, jpeg_quality: int) -> None:
        super().__init__()
        self._stage = WriteTablesDoFn(run, jpeg_quality)

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
    commit_reject(run, rejected)
