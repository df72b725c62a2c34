"""``PartitionVerdicts``: the verdicts of a run → files of its parts."""

from __future__ import annotations

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.partitioning import TablePiece, VerdictPartitioner, verdict_pieces
from schemas.ranges import VideoRange


class PartitionVerdicts(beam.PTransform[PBegin, PCollection[str]]):
    """Pieces of the tables of a run → partitioned files.

    Args:
        partitioner: of the run's verdicts.
        ranges: videos whose candidates were asked about, where it matters what the candidates claim.
    """

    def __init__(self, partitioner: VerdictPartitioner, ranges: Sequence[VideoRange]) -> None:
        super().__init__()
        self._partitioner, self._ranges = partitioner, ranges

    def expand(self, begin: PBegin) -> PCollection[str]:
        """One element a piece; a repeated one writes the same files again."""
        pieces = begin | "Pieces" >> beam.Create([*verdict_pieces(self._partitioner.run), *self._ranges])
        partitioned: PCollection[str] = pieces | "PartitionPiece" >> beam.FlatMap(self._partition)
        return partitioned

    def _partition(self, piece: TablePiece | VideoRange) -> list[str]:
        files = list(self._partitioner.partition(piece))
        Metrics.counter("PartitionVerdicts", "done").inc()
        return files
