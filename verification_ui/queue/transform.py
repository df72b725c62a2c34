"""``PlanTasks`` and ``DrawTasks``: what people are asked about each video, and the pictures and clips that they see."""

from __future__ import annotations

from collections.abc import Callable

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.ranges import VideoKey, VideoRange
from verification_ui.queue.plan import DrawnRange, PlannedRange, ReviewedVideo, TaskPlan

ReviewOf = Callable[[VideoKey], ReviewedVideo]
"""Gives one video as the review sees it; it travels to the workers, the video does not."""
Count = Callable[[int], None]


class PlanTasks(beam.PTransform[PCollection[VideoRange], PCollection[PlannedRange]]):
    """Ranges of videos → how many tasks were planned for each; the tasks are in the files of the plan."""

    def __init__(self, plan: TaskPlan, review_of: ReviewOf, done: Count) -> None:
        super().__init__()
        self._plan, self._review_of, self._done = plan, review_of, done

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[PlannedRange]:
        """One step."""
        planned: PCollection[PlannedRange] = ranges | "PlanRange" >> beam.Map(self._plan_range)
        return planned

    def _plan_range(self, found: VideoRange) -> PlannedRange:
        planned = self._plan.plan(found, map(self._review_of, found.videos))
        self._done(len(found.videos))
        return planned


class DrawTasks(beam.PTransform[PCollection[VideoRange], PCollection[DrawnRange]]):
    """Planned ranges of videos → what could not be shown; a picture that is there already is not drawn again."""

    def __init__(self, plan: TaskPlan, review_of: ReviewOf, done: Count) -> None:
        super().__init__()
        self._plan, self._review_of, self._done = plan, review_of, done

    def expand(self, ranges: PCollection[VideoRange]) -> PCollection[DrawnRange]:
        """One step."""
        drawn: PCollection[DrawnRange] = ranges | "DrawRange" >> beam.Map(self._draw_range)
        return drawn

    def _draw_range(self, found: VideoRange) -> DrawnRange:
        drawn = self._plan.draw(found, ((key, self._review_of(key)) for key in found.videos))
        self._done(len(found.videos))
        return drawn
