"""``WritePoints``: opinions on the candidates of a run → the points of every video."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.pvalue import AsIter, PCollection

from pipeline.runs.partitioning import VerdictPartitioner
from pipeline.runs.points import WrittenPoints, write_points
from pipeline.runs.splits import SplitOf
from schemas.ranges import VideoRange
from stages.transform import count_done


class WritePoints(beam.PTransform[PCollection[VideoRange], PCollection[WrittenPoints]]):
    """Ranges of videos → what was written of their points.

    Args:
        partitioner: where the opinions lie.
        opinions: files of the opinions of all parts.
        split_of: the split of a video.
    """

    def __init__(self, partitioner: VerdictPartitioner, opinions: PCollection[str], split_of: SplitOf) -> None:
        super().__init__()
        self._partitioner, self._opinions, self._split_of = partitioner, AsIter(opinions), split_of

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[WrittenPoints]:
        """One step, once all opinions are there."""
        written: PCollection[WrittenPoints] = ranges | "WriteRange" >> beam.Map(self._write, self._opinions)
        return written

    def _write(self, found: VideoRange, files: Iterable[str]) -> WrittenPoints:
        opinions = self._partitioner.opinions(found.number, files)
        written = write_points(self._partitioner.run, found, opinions, self._split_of)
        count_done("WritePoints", len(found.videos))
        return written
