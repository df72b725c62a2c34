"""``ResolveOverlaps``: batches of objects → whole videos."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.elements import TrackedBatch, TrackedBatches, TrackedVideo
from stages.propagate.joining.batch_files import join_waiting
from stages.propagate.joining.grouping import complete_video, grouped_batches, keyed_by_video
from stages.propagate.joining.joined_video import join_batches
from stages.transform import Results, StageDoFn, parallel


class ResolveOverlaps(beam.PTransform[PCollection[TrackedBatch], Results]):
    """Batches → whole videos whose objects of one group share no pixel, and rejected videos.

    A video of which a batch was rejected does not come out: it is rejected already.

    Args:
        folder: where batches wait for the others of their video, seen by all workers: a video goes on as soon as its
            last batch is there. None where workers share no folder: batches are grouped, which waits for all videos.
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self._folder = folder

    def expand(self, batches: PCollection[TrackedBatch]) -> Results:
        """One element a video; a video of one batch goes on at once."""
        if self._folder is not None:
            return parallel(batches, "ResolveVideo", ResolveWhenWholeDoFn(self._folder))
        alone = batches | "OnlyBatch" >> beam.FlatMap(complete_video)
        keyed = batches | "KeyByVideo" >> beam.FlatMap(keyed_by_video) | "GroupBatches" >> beam.GroupByKey()
        together = (alone, keyed | "Batches" >> beam.MapTuple(grouped_batches)) | "AllVideos" >> beam.Flatten()
        return parallel(
            together | "WholeVideos" >> beam.Filter(attrgetter("is_whole")), "ResolveVideo", ResolveOverlapsDoFn()
        )


class ResolveOverlapsDoFn(StageDoFn):
    """Joins the batches of one video."""

    def work(self, batches: TrackedBatches) -> Iterable[TrackedVideo]:
        """See :func:`stages.propagate.joining.joined_video.join_batches`."""
        return [join_batches(batches.parts)]


class ResolveWhenWholeDoFn(StageDoFn):
    """Has a batch wait in a file for the others of its video, and joins them when it is the last one."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def work(self, part: TrackedBatch) -> Iterable[TrackedVideo]:
        """See :func:`stages.propagate.joining.batch_files.join_waiting`."""
        together = join_waiting(self._folder, part)
        return [join_batches(together.parts)] if together else []
