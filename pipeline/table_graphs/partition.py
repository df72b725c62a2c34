"""``PartitionVerdicts``: the verdicts of a run → files of its parts."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from pipeline.runs.partitioning import TablePiece, VerdictPartitioner
from schemas.ranges import VideoRange


class PartitionVerdicts(beam.PTransform[PCollection[TablePiece | VideoRange], PCollection[str]]):
    """Pieces of tables, and ranges of videos whose candidates were asked about → partitioned files."""

    def __init__(self, partitioner: VerdictPartitioner) -> None:
        super().__init__()
        self._partitioner = partitioner

    def expand(self, pieces: PCollection[TablePiece | VideoRange]) -> PCollection[str]:
        """One element a piece; a repeated one writes the same files again."""
        partitioned: PCollection[str] = pieces | "PartitionPiece" >> beam.FlatMap(self._partition)
        return partitioned

    def _partition(self, piece: TablePiece | VideoRange) -> list[str]:
        files = list(self._partitioner.partition(piece))
        Metrics.counter("PartitionVerdicts", "done").inc()
        return files
