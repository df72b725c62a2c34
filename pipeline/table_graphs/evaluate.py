"""``evaluate`` as a graph: all videos against ground truth."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import reader
from pipeline.table_graphs.collect import CollectResults
from schemas import tables
from schemas.ranges import VideoRange
from schemas.remote_paths import AnyPath
from stages.evaluate.measures import VideoMeasures
from stages.evaluate.transform import EvaluateVideos


class EvaluateRun(beam.PTransform[PBegin, PCollection[None]]):
    """``evaluate``: all videos against ground truth.

    Args:
        run: the run.
        ranges: all videos.
        ground_truth: folder of true masks.
        protocol: of the DAVIS scores.
        out: where the measures go.
    """

    def __init__(
        self, run: RunFolder, ranges: list[VideoRange], ground_truth: Path, protocol: str, out: AnyPath
    ) -> None:
        super().__init__()
        self._run, self._ranges, self._out = run, ranges, out
        self._ground_truth, self._protocol = ground_truth, protocol

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        read = reader(self._run, tables.MASKS, tables.CANDIDATES, tables.POINTS)
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        measured = ranges | "EvaluateVideos" >> EvaluateVideos(read, self._ground_truth, self._protocol)
        collected: PCollection[None]
        collected = measured | "CollectMeasures" >> CollectResults(self._out, VideoMeasures)
        return collected
