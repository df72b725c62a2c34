"""The ends of the graphs, where results are committed to the run folder, and what reads its tables in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import AsIter, PCollection
from apache_beam.transforms.combiners import ToList
from pydantic import TypeAdapter

from pipeline.runs.commit import commit_reject, commit_video, is_committed
from pipeline.runs.dealing import TablePiece, VerdictDealing
from pipeline.runs.fingerprints import Fingerprinted, fingerprint_video
from pipeline.runs.folder import RunFolder
from pipeline.runs.job_files import read_jobs
from pipeline.runs.points import WrittenPoints, write_points
from pipeline.runs.resampling import Resampled, resample_video
from pipeline.runs.splits import SplitOf
from schemas.elements import RejectedVideo, SampledVideo
from schemas.jobs import VideoJob
from schemas.ranges import VideoKey, VideoRange
from schemas.remote_paths import AnyPath
from schemas.whole_files import write_whole
from stages.arithmetic import use_one_thread_an_operation
from stages.backends.segmenter import Segmenter
from stages.sample_points.options import SamplingOptions
from stages.transform import Results, SharedModel, StageDoFn, count_done, parallel
from stages.video import Opener


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


def _read_jobs(file: AnyPath) -> list[VideoJob]:
    jobs = read_jobs(file)
    Metrics.counter("ReadInputs", "done").inc(len(jobs))
    return jobs


def _is_open(job: VideoJob, run: RunFolder) -> bool:
    is_open = not is_committed(run, job)
    Metrics.counter("SkipCommitted", "open" if is_open else "skipped").inc()
    return is_open


def _write_reject(rejected: RejectedVideo, run: RunFolder) -> None:
    commit_reject(run, rejected)
    Metrics.counter("WriteRejects", "done").inc()


class DealVerdicts(beam.PTransform[PCollection[TablePiece | VideoRange], PCollection[str]]):
    """Pieces of tables, and ranges of videos whose candidates were asked about → the files that they are dealt into."""

    def __init__(self, dealing: VerdictDealing) -> None:
        super().__init__()
        self._dealing = dealing

    def expand(self, pieces: PCollection[TablePiece | VideoRange]) -> PCollection[str]:
        """One element a piece; a repeated one writes the same files again."""
        dealt: PCollection[str] = pieces | "DealPiece" >> beam.FlatMap(self._deal)
        return dealt

    def _deal(self, piece: TablePiece | VideoRange) -> list[str]:
        files = list(self._dealing.deal(piece))
        Metrics.counter("DealVerdicts", "done").inc()
        return files


class WritePoints(beam.PTransform[PCollection[VideoRange], PCollection[WrittenPoints]]):
    """Ranges of videos → what was written of their points.

    Args:
        dealing: where the opinions lie.
        opinions: files of the opinions of all parts.
        split_of: the split of a video.
    """

    def __init__(self, dealing: VerdictDealing, opinions: PCollection[str], split_of: SplitOf) -> None:
        super().__init__()
        self._dealing, self._opinions, self._split_of = dealing, AsIter(opinions), split_of

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[WrittenPoints]:
        """One step, once all opinions are there."""
        written: PCollection[WrittenPoints] = ranges | "WriteRange" >> beam.Map(self._write, self._opinions)
        return written

    def _write(self, found: VideoRange, given_back: Iterable[str]) -> WrittenPoints:
        opinions = self._dealing.opinions(found.number, given_back)
        written = write_points(self._dealing.run, found, opinions, self._split_of)
        count_done("WritePoints", len(found.videos))
        return written


class ResampleVideos(beam.PTransform[PCollection[VideoKey], PCollection[Resampled]]):
    """Videos → what became of their candidates, which are redrawn from their masks."""

    def __init__(
        self,
        run: RunFolder,
        options: SamplingOptions,
        jpeg_quality: int,
        opener: Opener,
        load_segmenter: Callable[[], Segmenter] | None = None,
    ) -> None:
        super().__init__()
        self._run, self._options, self._jpeg_quality, self._opener = run, options, jpeg_quality, opener
        self._segmenter = SharedModel(load_segmenter) if load_segmenter is not None else None

    def expand(self, videos: PCollection[VideoKey]) -> PCollection[Resampled]:
        """One step, spread over all workers; a repeated video gives the same files."""
        spread = videos | "SpreadVideos" >> beam.Reshuffle()
        drawn: PCollection[Resampled] = spread | "ResampleVideo" >> beam.Map(self._resample)
        return drawn

    def _resample(self, key: VideoKey) -> Resampled:
        use_one_thread_an_operation()
        segmenter = self._segmenter.get() if self._segmenter is not None else None
        found = resample_video(self._run, key, self._options, self._jpeg_quality, self._opener, segmenter)
        count_done("ResampleVideos")
        return found


class FingerprintVideos(beam.PTransform[PCollection[VideoKey], PCollection[Fingerprinted]]):
    """Videos → what became of their fingerprints, which are written to the run."""

    def __init__(self, run: RunFolder, opener: Opener) -> None:
        super().__init__()
        self._run, self._opener = run, opener

    def expand(self, videos: PCollection[VideoKey]) -> PCollection[Fingerprinted]:
        """One step, spread over all workers; a repeated video gives the same file."""
        spread = videos | "SpreadVideos" >> beam.Reshuffle()
        made: PCollection[Fingerprinted] = spread | "FingerprintVideo" >> beam.Map(self._fingerprint)
        return made

    def _fingerprint(self, key: VideoKey) -> Fingerprinted:
        use_one_thread_an_operation()
        found = fingerprint_video(self._run, key, self._opener)
        count_done("FingerprintVideos")
        return found


class CollectResults(beam.PTransform[PCollection[Any], PCollection[None]]):
    """Small results of all elements → one JSON file, which the command reads when the graph has ended."""

    def __init__(self, path: AnyPath, kind: type[Any]) -> None:
        super().__init__()
        self._path, self._kind = path, kind

    def expand(self, results: PCollection[Any]) -> PCollection[None]:
        """One file, in no particular order."""
        written: PCollection[None] = results | "AllResults" >> ToList() | "WriteResults" >> beam.Map(self._write)
        return written

    def _write(self, results: list[Any]) -> None:
        write_whole(self._path, TypeAdapter(list[self._kind]).dump_json(results), is_synced=False)  # type: ignore[name-defined]
