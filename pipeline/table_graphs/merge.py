"""``merge`` as a graph: verdicts of the whole corpus → the points of every video."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.pvalue import AsIter, PBegin, PCollection

from pipeline.runs.partitioning import VerdictPartitioner, verdict_pieces
from pipeline.runs.points import WrittenPoints, write_points
from pipeline.runs.splits import SplitOf
from pipeline.table_graphs.collect import CollectResults
from pipeline.table_graphs.partition import PartitionVerdicts
from schemas.ranges import VideoRange
from stages.consensus.aggregation import AggregatedCounts
from stages.consensus.transform import AggregateVerdicts
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


class MergeVerdicts(beam.PTransform[PBegin, PCollection[None]]):
    """``merge``: verdicts of the whole corpus → the points of every video.

    Args:
        partitioner: of the run's verdicts.
        ranges: all videos.
        excluded: annotators whose verdicts are ignored.
        is_weighed: by their reliability; else the majority decides.
        split_of: the split of a video.
    """

    def __init__(
        self,
        partitioner: VerdictPartitioner,
        ranges: list[VideoRange],
        excluded: list[str],
        is_weighed: bool,
        split_of: SplitOf,
    ) -> None:
        super().__init__()
        self._partitioner, self._ranges, self._excluded = partitioner, ranges, excluded
        self._is_weighed, self._split_of = is_weighed, split_of

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        pieces = begin | "Pieces" >> beam.Create([*verdict_pieces(self._partitioner.run), *self._ranges])
        partitioned = pieces | "PartitionVerdicts" >> PartitionVerdicts(self._partitioner)
        parts = begin | "Parts" >> beam.Create(range(self._partitioner.n_parts))
        aggregate = AggregateVerdicts(
            self._partitioner.part, self._partitioner.write_opinions, partitioned, self._excluded, self._is_weighed
        )
        aggregated = parts | "AggregateVerdicts" >> aggregate
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        files, counts = aggregated | "Files" >> beam.Keys(), aggregated | "Counts" >> beam.Values()
        written = ranges | "WritePoints" >> WritePoints(self._partitioner, files, self._split_of)
        counts | "CollectCounts" >> CollectResults(self._partitioner.folder / "aggregated.json", AggregatedCounts)
        collected: PCollection[None]
        collected = written | "CollectPoints" >> CollectResults(
            self._partitioner.folder / "written.json", WrittenPoints
        )
        return collected
