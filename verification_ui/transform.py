"""What people are asked about each video, and the pictures and clips that they see: planned, drawn, queued."""

from __future__ import annotations

import logging
from collections.abc import Callable

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from schemas.ranges import VideoKey, VideoRange
from verification_ui.queue.plan import DrawnRange, PlannedRange, ReviewedVideo, TaskPlan
from verification_ui.queue.review_queue import QueueProblem

logger = logging.getLogger(__name__)

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


class PushReviewTasks(beam.PTransform[PCollection[VideoKey], PCollection[int]]):
    """Committed videos → how many of their tasks are new in the queue.

    A video that the server does not take now is left to whoever pushes the whole run in the end.

    Args:
        push: queues the tasks of one video, none twice.
    """

    def __init__(self, push: Callable[[VideoKey], int]) -> None:
        super().__init__()
        self._push = push

    def expand(self, videos: PCollection[VideoKey]) -> PCollection[int]:
        """One step."""
        added: PCollection[int] = videos | "QueueVideo" >> beam.FlatMap(self._queue_video)
        return added

    def _queue_video(self, key: VideoKey) -> list[int]:
        try:
            added = self._push(key)
        except (QueueProblem, OSError, ValueError):
            logger.warning("video %s is not queued yet", key.video_id, exc_info=True)
            Metrics.counter("PushReviewTasks", "left").inc()
            return []
        Metrics.counter("PushReviewTasks", "done").inc()
        return [added]
