"""``SamplePoints``: masks → the points that people are going to be asked about."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from schemas.elements import SampledVideo, TrackedVideo
from stages.sample_points.options import SamplingOptions
from stages.sample_points.videos import sample_points
from stages.transform import Results, StageDoFn, parallel
from stages.video import Opener


class SamplePointsDoFn(StageDoFn):
    """Draws the candidates of one video."""

    def __init__(self, options: SamplingOptions, opener: Opener | None = None) -> None:
        super().__init__()
        self._options, self._opener = options, opener
        self._candidates = Metrics.counter(type(self).__name__, "candidates")

    def work(self, tracked: TrackedVideo) -> Iterable[SampledVideo]:
        """See :func:`stages.sample_points.videos.sample_points`."""
        sampled = sample_points(tracked, self._options, self._opener)
        self._candidates.inc(len(sampled.candidates))
        return [sampled]


class SamplePoints(beam.PTransform[PCollection[TrackedVideo], Results]):
    """Tracked videos → videos with candidates, and rejected videos."""

    def __init__(self, options: SamplingOptions, opener: Opener | None = None) -> None:
        super().__init__()
        self._options, self._opener = options, opener

    def expand(self, videos: PCollection[TrackedVideo]) -> Results:
        """One element a video."""
        return parallel(videos, "SampleVideo", SamplePointsDoFn(self._options, self._opener))
