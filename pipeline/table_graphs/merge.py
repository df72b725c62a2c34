"""``merge`` as a graph: verdicts of the whole corpus → the points of every video."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.partitioning import VerdictPartitioner
from pipeline.runs.points import WrittenPoints
from pipeline.runs.splits import SplitOf
from pipeline.table_graphs.collect import CollectResults
from pipeline.table_graphs.partition import PartitionVerdicts
from pipeline.table_graphs.write_points import WritePoints
from schemas.ranges import VideoRange
from stages.consensus.aggregation import AggregatedCounts
from stages.consensus.parts import VerdictParts
from stages.consensus.transform import AggregateVerdicts


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
        partitioner, folder = self._partitioner, self._partitioner.folder
        verdicts = VerdictParts(partitioner.part, self._excluded)
        partitioned = begin | "PartitionVerdicts" >> PartitionVerdicts(partitioner, self._ranges)
        parts = begin | "Parts" >> beam.Create(range(partitioner.n_parts))
        aggregated = parts | "AggregateVerdicts" >> AggregateVerdicts(
            verdicts, partitioner.write_opinions, partitioned, self._is_weighed
        )
        files, counts = aggregated | "Files" >> beam.Keys(), aggregated | "Counts" >> beam.Values()
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        written = ranges | "WritePoints" >> WritePoints(partitioner, files, self._split_of)
        counts | "CollectCounts" >> CollectResults(folder / "aggregated.json", AggregatedCounts)
        collected: PCollection[None]
        collected = written | "CollectPoints" >> CollectResults(folder / "written.json", WrittenPoints)
        return collected
