"""``PropagateMasks``: masks of localized frames → masks of all frames."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from schemas.elements import SegmentedBatch, TrackedBatch
from stages.backends.handlers import SharedModel
from stages.backends.propagator import Propagator
from stages.backends.segmenter import Segmenter
from stages.memory import release_memory_when_large
from stages.propagate.batches import Models, PropagateOptions, propagate_batch
from stages.transform import Results, StageDoFn, parallel


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
            release_memory_when_large()
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
