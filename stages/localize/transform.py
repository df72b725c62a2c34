"""``LocalizeExpressions``: words → places."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam
from apache_beam.pvalue import PCollection

from schemas.elements import PlacedVideo
from schemas.jobs import VideoJob
from stages.backends.handlers import SharedModel
from stages.backends.localizer import Localizer
from stages.localize.placing import place_objects
from stages.transform import Results, StageDoFn, parallel
from stages.video import Opener


class LocalizeExpressionsDoFn(StageDoFn):
    """Finds places for the expressions of one video; the localizer is loaded when words come up."""

    def __init__(self, localizer: SharedModel[Localizer], opener: Opener) -> None:
        super().__init__()
        self._localizer = localizer
        self._opener = opener

    def work(self, job: VideoJob) -> Iterable[PlacedVideo]:
        """See :func:`stages.localize.placing.place_objects`."""
        if not job.has_expressions:
            return [PlacedVideo(job)]
        return [place_objects(job, self._localizer.get(), self._opener)]


class LocalizeExpressions(beam.PTransform[PCollection[VideoJob], Results]):
    """Videos with localizations → videos whose objects have places, and rejected videos."""

    def __init__(self, localizer: SharedModel[Localizer], opener: Opener) -> None:
        super().__init__()
        self._localizer = localizer
        self._opener = opener

    def expand(self, jobs: PCollection[VideoJob]) -> Results:
        """One element a video."""
        return parallel(jobs, "LocalizeVideo", LocalizeExpressionsDoFn(self._localizer, self._opener))
