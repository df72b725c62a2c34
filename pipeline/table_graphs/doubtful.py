"""Which candidates need another answer, as a graph over the verdicts of a run."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.partitioning import VerdictPartitioner
from pipeline.table_graphs.collect import CollectResults
from pipeline.table_graphs.partition import PartitionVerdicts
from schemas.ranges import VideoRange
from stages.consensus.parts import VerdictParts
from stages.consensus.transform import FindDoubtful


class FindDoubtfulAnswers(beam.PTransform[PBegin, PCollection[None]]):
    """Candidates whose answers need another one, for ``review push --design adjudication`` and for second looks.

    Args:
        partitioner: of the run's verdicts.
        ranges: all videos, where the claims of the candidates are needed.
        excluded: annotators whose verdicts are ignored.
        is_second_look: what one person answered against the proposal; else what people differ on.
    """

    def __init__(
        self, partitioner: VerdictPartitioner, ranges: list[VideoRange], excluded: list[str], is_second_look: bool
    ) -> None:
        super().__init__()
        self._partitioner, self._ranges = partitioner, ranges
        self._excluded, self._is_second_look = excluded, is_second_look

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        partitioner, verdicts = self._partitioner, VerdictParts(self._partitioner.part, self._excluded)
        partitioned = begin | "PartitionVerdicts" >> PartitionVerdicts(partitioner, self._ranges)
        parts = begin | "Parts" >> beam.Create(range(partitioner.n_parts))
        found = parts | "FindDoubtful" >> FindDoubtful(verdicts, partitioned, self._is_second_look)
        collected: PCollection[None]
        collected = found | "CollectFound" >> CollectResults(partitioner.folder / "found.json", str)
        return collected
