"""``review push`` as graphs over the tables: what there is to ask, range by range of videos, then what it looks like.

Importing follows in the command itself, one batch after the other: the order of the import is that of the queue.
"""

from __future__ import annotations

from functools import partial

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.runs.partitioning import VerdictPartitioner, verdict_pieces
from pipeline.table_graphs.collect import CollectResults
from pipeline.table_graphs.partition import PartitionVerdicts
from schemas.ranges import VideoRange
from stages.consensus.transform import FindDoubtful
from stages.transform import count_done
from verification_ui.queue.plan import DrawnRange, PlannedRange, TaskPlan
from verification_ui.transform import DrawTasks, PlanTasks, ReviewOf


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
        pieces = begin | "Pieces" >> beam.Create([*verdict_pieces(self._partitioner.run), *self._ranges])
        partitioned = pieces | "PartitionVerdicts" >> PartitionVerdicts(self._partitioner)
        parts = begin | "Parts" >> beam.Create(range(self._partitioner.n_parts))
        found = parts | "FindDoubtful" >> FindDoubtful(
            self._partitioner.part, partitioned, self._excluded, self._is_second_look
        )
        collected: PCollection[None]
        collected = found | "CollectFound" >> CollectResults(self._partitioner.folder / "found.json", str)
        return collected


class PlanPush(beam.PTransform[PBegin, PCollection[None]]):
    """``review push``, first: which tasks there are to ask about all videos."""

    def __init__(self, plan: TaskPlan, ranges: list[VideoRange], review_of: ReviewOf) -> None:
        super().__init__()
        self._plan, self._ranges, self._review_of = plan, ranges, review_of

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        planned = ranges | "PlanTasks" >> PlanTasks(self._plan, self._review_of, partial(count_done, "PlanTasks"))
        collected: PCollection[None]
        collected = planned | "CollectPlans" >> CollectResults(self._plan.folder / "planned.json", PlannedRange)
        return collected


class DrawPush(beam.PTransform[PBegin, PCollection[None]]):
    """``review push``, then: the crops and clips of all tasks."""

    def __init__(self, plan: TaskPlan, ranges: list[VideoRange], review_of: ReviewOf) -> None:
        super().__init__()
        self._plan, self._ranges, self._review_of = plan, ranges, review_of

    def expand(self, begin: PBegin) -> PCollection[None]:
        """The whole graph."""
        ranges = begin | "Ranges" >> beam.Create(self._ranges)
        drawn = ranges | "DrawTasks" >> DrawTasks(self._plan, self._review_of, partial(count_done, "DrawTasks"))
        collected: PCollection[None]
        collected = drawn | "CollectDrawn" >> CollectResults(self._plan.folder / "drawn.json", DrawnRange)
        return collected
