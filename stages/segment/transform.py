"""``SegmentLocalizations``: places → masks of the localized frames, batch by batch of objects."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.elements import ObjectBatch, PlacedVideo, SegmentedBatch
from stages.backends.handlers import SharedModel
from stages.backends.segmenter import Segmenter
from stages.segment.batches import segment_batch, split_objects
from stages.transform import Results, StageDoFn, parallel
from stages.video import Opener


class SplitObjects(beam.PTransform[PCollection[PlacedVideo], PCollection[ObjectBatch]]):
    """Videos → batches of at most ``most`` objects of a video (0: all), spread over the workers."""

    def __init__(self, most: int, spread: bool) -> None:
        super().__init__()
        self._most = most
        self._spread = spread

    def expand(self, videos: PCollection[PlacedVideo]) -> PCollection[ObjectBatch]:
        """One element a batch."""
        batches: PCollection[ObjectBatch] = videos | "SplitVideo" >> beam.FlatMap(split_objects, most=self._most)
        if self._spread:
            batches = batches | "SpreadBatches" >> beam.Reshuffle()
        return batches


class SegmentLocalizationsDoFn(StageDoFn):
    """Segments the localized frames of one batch."""

    def __init__(self, segmenter: SharedModel[Segmenter], opener: Opener) -> None:
        super().__init__()
        self._segmenter = segmenter
        self._opener = opener

    def setup(self) -> None:
        """Load the segmenter."""
        super().setup()
        self._segmenter.get()

    def work(self, batch: ObjectBatch) -> Iterable[SegmentedBatch]:
        """See :func:`stages.segment.batches.segment_batch`."""
        return [segment_batch(batch, self._segmenter.get(), self._opener)]


class SegmentLocalizations(beam.PTransform[PCollection[ObjectBatch], Results]):
    """Batches of objects → batches with masks on localized frames, and rejected videos."""

    def __init__(self, segmenter: SharedModel[Segmenter], opener: Opener) -> None:
        super().__init__()
        self._segmenter = segmenter
        self._opener = opener

    def expand(self, batches: PCollection[ObjectBatch]) -> Results:
        """One element a batch."""
        return parallel(batches, "SegmentBatch", SegmentLocalizationsDoFn(self._segmenter, self._opener))
