"""``resample`` as a graph: the candidates of all videos, redrawn from their masks."""

from __future__ import annotations

from collections.abc import Callable

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import Resampled, resample_video
from pipeline.table_graphs.collect import CollectResults
from schemas.ranges import VideoKey
from schemas.remote_paths import AnyPath
from stages.arithmetic import use_one_thread_an_operation
from stages.backends.segmenter import Segmenter
from stages.sample_points.options import SamplingOptions
from stages.transform import SharedModel, count_done
from stages.video import Opener


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


class ResampleRun(beam.PTransform[PBegin, PCollection[None]]):
    """``resample``: the candidates of all videos, redrawn from their masks.

    Args:
        run: the run.
        keys: all videos.
        options: of the sampling.
        jpeg_quality: of the frames that people look at.
        opener: opens videos.
        load_segmenter: loads what looks for places where masks are in doubt; None: they are not looked for.
        out: where the counts go.
    """

    def __init__(
        self,
        run: RunFolder,
        keys: list[VideoKey],
        options: SamplingOptions,
        jpeg_quality: int,
        opener: Opener,
        load_segmenter: Callable[[], Segmenter] | None,
        out: AnyPath,
    ) -> None:
        super().__init__()
        self._keys, self._out = keys, out
        self._resample = ResampleVideos(run, options, jpeg_quality, opener, load_segmenter)

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        drawn = begin | "Videos" >> beam.Create(self._keys) | "ResampleVideos" >> self._resample
        collected: PCollection[None] = drawn | "CollectCounts" >> CollectResults(self._out, Resampled)
        return collected
