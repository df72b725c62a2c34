"""``resample`` as a graph: the candidates of all videos, redrawn from their masks."""

from __future__ import annotations

from collections.abc import Callable

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import Resampled, Resampling, resample_video
from pipeline.table_graphs.collect import CollectResults
from schemas.ranges import VideoKey
from schemas.remote_paths import AnyPath
from stages.arithmetic import use_one_thread_an_operation
from stages.backends.handlers import SharedModel
from stages.backends.segmenter import Segmenter
from stages.transform import count_done


class ResampleVideos(beam.PTransform[PCollection[VideoKey], PCollection[Resampled]]):
    """Videos → how their candidates were redrawn from their masks.

    Args:
        run: the run.
        resampling: how candidates are redrawn.
        load_segmenter: loads the model that finds places where masks are doubtful; None: these are not searched for.
    """

    def __init__(
        self, run: RunFolder, resampling: Resampling, load_segmenter: Callable[[], Segmenter] | None = None
    ) -> None:
        super().__init__()
        self._run, self._resampling = run, resampling
        self._segmenter = SharedModel(load_segmenter) if load_segmenter is not None else None

    def expand(self, videos: PCollection[VideoKey]) -> PCollection[Resampled]:
        """One step, spread over all workers; a repeated video gives the same files."""
        spread = videos | "SpreadVideos" >> beam.Reshuffle()
        drawn: PCollection[Resampled] = spread | "ResampleVideo" >> beam.Map(self._resample)
        return drawn

    def _resample(self, key: VideoKey) -> Resampled:
        use_one_thread_an_operation()
        segmenter = self._segmenter.get() if self._segmenter is not None else None
        found = resample_video(self._run, key, self._resampling, segmenter)
        count_done("ResampleVideos")
        return found


class ResampleRun(beam.PTransform[PBegin, PCollection[None]]):
    """``resample``: the candidates of all videos, redrawn from their masks.

    Args:
        keys: all videos.
        resample: redraws the candidates of each.
        out: where the counts go.
    """

    def __init__(self, keys: list[VideoKey], resample: ResampleVideos, out: AnyPath) -> None:
        super().__init__()
        self._keys, self._resample, self._out = keys, resample, out

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        drawn = begin | "Videos" >> beam.Create(self._keys) | "ResampleVideos" >> self._resample
        collected: PCollection[None] = drawn | "CollectCounts" >> CollectResults(self._out, Resampled)
        return collected
