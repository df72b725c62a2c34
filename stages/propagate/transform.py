"""``PropagateMasks``: masks of localized frames → masks of all frames. ``ResolveOverlaps``: batches → whole videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from schemas.elements import SegmentedBatch, TrackedBatch, TrackedBatches, TrackedVideo
from stages.backends.propagator import Propagator
from stages.backends.segmenter import Segmenter
from stages.memory import give_back_when_large
from stages.propagate.batches import Models, PropagateOptions, propagate_batch
from stages.propagate.joining import join_batches
from stages.transform import Results, SharedModel, StageDoFn, parallel


class PropagateMasksDoFn(StageDoFn):
    """Propagates one batch, repairs included."""

    def __init__(
        self, propagator: SharedModel[Propagator], segmenter: SharedModel[Segmenter], options: PropagateOptions
    ) -> None:
        super().__init__()
        self._propagator, self._segmenter, self._options = propagator, segmenter, options
        self._masks = Metrics.counter(type(self).__name__, "masks")

    def setup(self) -> None:
        """Load the models."""
        super().setup()
        self._models = Models(self._propagator.get(), self._segmenter.get())

    def work(self, seeds: SegmentedBatch) -> Iterable[TrackedBatch]:
        """See :func:`stages.propagate.batches.propagate_batch`."""
        try:
            tracked = propagate_batch(seeds, self._models, self._options)
        finally:
            give_back_when_large()
        self._masks.inc(len(tracked.masks))
        return [tracked]


class PropagateMasks(beam.PTransform[PCollection[SegmentedBatch], Results]):
    """Batches with masks on localized frames → batches with masks on all frames, and rejected videos."""

    def __init__(
        self, propagator: SharedModel[Propagator], segmenter: SharedModel[Segmenter], options: PropagateOptions
    ) -> None:
        super().__init__()
        self._stage = PropagateMasksDoFn(propagator, segmenter, options)

    def expand(self, seeds: PCollection[SegmentedBatch]) -> Results:
        """One element a batch."""
        return parallel(seeds, "PropagateBatch", self._stage)


class ResolveOverlaps(beam.PTransform[PCollection[TrackedBatch], Results]):
    """Batches → whole videos whose objects of one group share no pixel, and rejected videos.

    A video of which a batch was rejected does not come out: it is rejected already.
    """

    def __init__(self, spread: bool) -> None:
        super().__init__()
        self._spread = spread

    def expand(self, batches: PCollection[TrackedBatch]) -> Results:
        """One element a video.

        Where batches are spread over workers, those of a video of several are grouped, which waits for all videos; a
        video of one batch goes on at once. Where they are not, those of a video follow each other.
        """
        if self._spread:
            alone = batches | "OnlyBatch" >> beam.FlatMap(_alone)
            keyed = batches | "KeyByVideo" >> beam.FlatMap(_by_video) | "GroupBatches" >> beam.GroupByKey()
            together = (alone, keyed | "Batches" >> beam.MapTuple(_together)) | "AllVideos" >> beam.Flatten()
        else:
            together = batches | "CollectBatches" >> beam.ParDo(CollectBatchesDoFn())
        whole = together | "WholeVideos" >> beam.Filter(_is_whole)
        return parallel(whole, "ResolveVideo", ResolveOverlapsDoFn())


class CollectBatchesDoFn(beam.DoFn):
    """Collects batches that follow each other: what it yields last of a video holds all its batches."""

    def __init__(self) -> None:
        self._parts: tuple[TrackedBatch, ...] = ()

    def process(self, part: TrackedBatch) -> Iterator[TrackedBatches]:
        """Yield the batches of a video that are there by now."""
        if part.seeds.batch.n_batches == 1:
            yield TrackedBatches((part,))
            return
        if self._parts and self._parts[0].job != part.job:
            self._parts = ()
        together = TrackedBatches((*self._parts, part))
        self._parts = () if together.is_whole else together.parts
        yield together


class ResolveOverlapsDoFn(StageDoFn):
    """Joins the batches of one video."""

    def work(self, batches: TrackedBatches) -> Iterable[TrackedVideo]:
        """See :func:`stages.propagate.joining.join_batches`."""
        return [join_batches(batches.parts)]


def _alone(part: TrackedBatch) -> list[TrackedBatches]:
    return [TrackedBatches((part,))] if part.seeds.batch.n_batches == 1 else []


def _by_video(part: TrackedBatch) -> list[tuple[str, TrackedBatch]]:
    return [(part.job.video_id, part)] if part.seeds.batch.n_batches > 1 else []


def _together(_: str, parts: Iterable[TrackedBatch]) -> TrackedBatches:
    return TrackedBatches(tuple(parts))


def _is_whole(batches: TrackedBatches) -> bool:
    return batches.is_whole
