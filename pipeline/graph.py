"""``annotate`` as one graph: videos with rough localizations in, masks and point candidates on disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipeline.config import RunConfig
from pipeline.runs.folder import RunFolder
from pipeline.runs.pending_jobs.transform import SkipCommitted
from pipeline.runs.spool import VideoOpener
from pipeline.runs.transform import WriteRejects, WriteTables
from pipeline.shared_models import SharedModels
from schemas.jobs import VideoJob
from schemas.ranges import VideoKey
from stages.localize.transform import LocalizeExpressions
from stages.propagate.batches import PropagateOptions
from stages.propagate.joining.transform import ResolveOverlaps
from stages.propagate.transform import PropagateMasks
from stages.sample_points.transform import SamplePoints
from stages.segment.transform import SegmentLocalizations, SplitObjects
from stages.transform import Results


class AnnotateVideos(beam.PTransform[PCollection[VideoJob], PCollection[str]]):
    """Videos with localizations → ids of the videos that are committed to the run folder.

    A job for one batch of objects commits its video when the others of the video have been done.

    Any element may be retried, be worked on twice at once or be cut off anywhere: the committed result is the same.

    Args:
        run: where results go.
        config: of the run.
        spread: batches of objects are spread over workers and grouped again; else a job goes through the whole graph
            before the next one starts, and batches wait for each other in a folder of the run on this machine.
        scratch: folder for temporary files; the system's own by default.
        with_hints: name the machines that models need, for runners that choose them.
    """

    def __init__(
        self,
        run: RunFolder,
        config: RunConfig,
        spread: bool = True,
        scratch: Path | None = None,
        with_hints: bool = False,
    ) -> None:
        super().__init__()
        self._run, self._config, self._spread, self._scratch = run, config, spread, scratch
        self._hints = config.compute.resource_hints() if with_hints else {}

    def expand(self, jobs: PCollection[VideoJob]) -> PCollection[str]:
        """The whole graph."""
        config, models, opener = self._config, SharedModels.of(self._config), VideoOpener(self._scratch)
        propagation = PropagateOptions(config.repair, config.compute.n_prefetched, self._scratch, opener)
        localize = LocalizeExpressions(models.localizer, opener)
        segment = SegmentLocalizations(models.segmenter, opener)
        propagate = PropagateMasks(models.propagator, models.segmenter, propagation)

        open_jobs = jobs | "SkipCommitted" >> SkipCommitted(self._run)
        placed, r0 = open_jobs | "LocalizeExpressions" >> self._model(localize)
        batches = placed | "SplitObjects" >> SplitObjects(config.models.objects_a_pass, self._spread)
        seeds, r1 = batches | "SegmentLocalizations" >> self._model(segment)
        tracks, r2 = seeds | "PropagateMasks" >> self._model(propagate)
        videos, r3 = tracks | "ResolveOverlaps" >> ResolveOverlaps(None if self._spread else self._run.batches)
        sampled, r4 = videos | "SamplePoints" >> SamplePoints(config.sampling, opener)
        done, r5 = sampled | "WriteTables" >> WriteTables(self._run, config.jpeg_quality, opener)
        (r0, r1, r2, r3, r4, r5) | "WriteRejects" >> WriteRejects(self._run)
        if config.review_server.url:
            self._push_review_tasks(done)
        ids: PCollection[str] = done | "VideoIds" >> beam.Map(_video_id)
        return ids

    def _push_review_tasks(self, done: PCollection[VideoKey]) -> None:
        """Queue the tasks of committed videos; imported here, since the client of the review server is slow to load."""
        from pipeline.runs.review_queue import queue_video
        from verification_ui.transform import PushReviewTasks

        done | "PushReviewTasks" >> PushReviewTasks(partial(queue_video, self._run, self._config.review_server))

    def _model(self, stage: beam.PTransform[Any, Results]) -> beam.PTransform[Any, Results]:
        """A stage that runs models, on a machine for them."""
        return stage.with_resource_hints(**self._hints) if self._hints else stage


def _video_id(key: VideoKey) -> str:
    return key.video_id
