"""``PushReviewTasks``: the last step of ``annotate``, which queues the tasks of committed videos."""

from __future__ import annotations

import logging
from collections.abc import Callable

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from schemas.ranges import VideoKey
from verification_ui.queue.review_queue import QueueProblem

logger = logging.getLogger(__name__)


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
