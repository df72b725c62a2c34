"""``annotate`` as one graph: videos with rough localizations in, masks and point candidates on disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipeline.config import RunConfig
from pipeline.runs.folder import RunFolder
from pipeline.runs.spool import VideoOpener
from pipeline.runs.transform import SkipCommitted, WriteRejects, WriteTables
from schemas.jobs import VideoJob
from schemas.ranges import VideoKey
from stages.backends.localizers import load_localizer
from stages.backends.propagators import load_propagator
from stages.backends.segmenters import load_segmenter
from stages.localize.transform import LocalizeExpressions
from stages.propagate.batches import PropagateOptions
from stages.propagate.joining.transform import ResolveOverlaps
from stages.propagate.transform import PropagateMasks
from stages.sample_points.transform import SamplePoints
from stages.segment.transform import SegmentLocalizations, SplitObjects
from stages.transform import Results, SharedModel


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
        opener = VideoOpener(self._scratch)
        models, compute, sampling = self._config.models, self._config.compute, self._config.sampling
        localizer = SharedModel(partial(load_localizer, models.localizer, compute.device))
        segmenter = SharedModel(partial(load_segmenter, models.segmenter, compute.device, compute.n_threads))
        propagator = SharedModel(
            partial(load_propagator, models.propagator, compute.device, compute.n_threads, models.limits)
        )
        propagation = PropagateOptions(
            self._config.repair,
            prefetch=0 if compute.n_threads == 1 else compute.n_threads,
            scratch=self._scratch,
            opener=opener,
        )
        open_jobs = jobs | "SkipCommitted" >> SkipCommitted(self._run)
        placed, r0 = open_jobs | "LocalizeExpressions" >> self._model(LocalizeExpressions(localizer, opener))
        batches = placed | "SplitObjects" >> SplitObjects(models.objects_a_pass, self._spread)
        seeds, r1 = batches | "SegmentLocalizations" >> self._model(SegmentLocalizations(segmenter, opener))
        tracks, r2 = seeds | "PropagateMasks" >> self._model(PropagateMasks(propagator, segmenter, propagation))
        videos, r3 = tracks | "ResolveOverlaps" >> ResolveOverlaps(None if self._spread else self._run.batches)
        sampled, r4 = videos | "SamplePoints" >> SamplePoints(sampling, opener)
        done: PCollection[VideoKey]
        done, r5 = sampled | "WriteTables" >> WriteTables(self._run, self._config.jpeg_quality, opener)
        (r0, r1, r2, r3, r4, r5) | "WriteRejects" >> WriteRejects(self._run)
        if self._config.review_server.url:
            self._queue(done)
        ids: PCollection[str] = done | "VideoIds" >> beam.Map(_video_id)
        return ids

    def _queue(self, done: PCollection[VideoKey]) -> None:
        """Queue the tasks of committed videos; only who asks for it waits for a client of the review server."""
        from pipeline.runs.review_queue import queue_video
        from verification_ui.transform import PushReviewTasks

        done | "PushReviewTasks" >> PushReviewTasks(partial(queue_video, self._run, self._config.review_server))

    def _model(self, stage: beam.PTransform[Any, Results]) -> beam.PTransform[Any, Results]:
        """A stage that runs models, on a machine for them."""
        return stage.with_resource_hints(**self._hints) if self._hints else stage


def _video_id(key: VideoKey) -> str:
    return key.video_id
