"""``refine`` as a graph: correction rounds of all videos with new feedback."""

from __future__ import annotations

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.refining.task import RefinedVideo, RefineTask
from pipeline.refining.transform import RefineVideos
from pipeline.table_graphs.collect import CollectResults
from schemas.remote_paths import AnyPath


class RefineRun(beam.PTransform[PBegin, PCollection[None]]):
    """``refine``: correction rounds of all videos with new feedback.

    Args:
        tasks: the videos.
        refine: does the rounds of each.
        out: where the counts go.
    """

    def __init__(self, tasks: Sequence[RefineTask], refine: RefineVideos, out: AnyPath) -> None:
        super().__init__()
        self._tasks, self._refine, self._out = tasks, refine, out

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        refined = begin | "Videos" >> beam.Create(self._tasks) | "RefineVideos" >> self._refine
        collected: PCollection[None] = refined | "CollectCounts" >> CollectResults(self._out, RefinedVideo)
        return collected
