"""``review push`` as graphs over the tables: what there is to ask, range by range of videos, then what it looks like.

Importing follows in the command itself, one batch after the other: the order of the import is that of the queue.
"""

from __future__ import annotations

from functools import partial

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from pipeline.table_graphs.collect import CollectResults
from schemas.ranges import VideoRange
from stages.transform import count_done
from verification_ui.queue.plan import DrawnRange, PlannedRange, TaskPlan
from verification_ui.queue.transform import DrawTasks, PlanTasks, ReviewOf


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
