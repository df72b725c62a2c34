"""``RefineVideos``: videos of a run → the results of their correction rounds."""

from __future__ import annotations

import pipeline.runners.beam_import  # isort: skip  # noqa: F401 - before Beam

from collections.abc import Callable

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipeline.refining.candidates import Redrawing
from pipeline.refining.correction_round import RoundModels
from pipeline.refining.task import RefinedVideo, RefineTask, refine_task
from pipeline.runs.folder import RunFolder
from stages.arithmetic import use_one_thread_an_operation
from stages.backends.handlers import SharedModel
from stages.transform import count_done
from stages.video import Opener


class RefineVideos(beam.PTransform[PCollection[RefineTask], PCollection[RefinedVideo]]):
    """One element a video; a repeated one ends with the same tables.

    Args:
        run: the run.
        load: loads its models, once a process.
        redrawing: how candidates are redrawn.
        opener: opens videos.
        spread: whether videos are spread over all workers; else each is done before the next one is asked for.
    """

    def __init__(
        self, run: RunFolder, load: Callable[[], RoundModels], redrawing: Redrawing, opener: Opener, spread: bool = True
    ) -> None:
        super().__init__()
        self._run, self._models, self._redrawing, self._opener = run, SharedModel(load), redrawing, opener
        self._spread = spread

    def expand(self, videos: PCollection[RefineTask]) -> PCollection[RefinedVideo]:
        """One step."""
        videos = videos | "SpreadVideos" >> beam.Reshuffle() if self._spread else videos
        refined: PCollection[RefinedVideo] = videos | "RefineVideo" >> beam.Map(self._refine)
        return refined

    def _refine(self, task: RefineTask) -> RefinedVideo:
        use_one_thread_an_operation()
        found = refine_task(self._run, task, self._models.get(), self._redrawing, self._opener)
        count_done("RefineVideos")
        return found


class RefineJobs(beam.PTransform[PCollection[RefineTask], PCollection[None]]):
    """Videos as a worker process of this machine asks for them; the outcome of each is a file of its own.

    Args:
        refine: what is done with each.
        write: writes the outcome of one.
    """

    def __init__(self, refine: RefineVideos, write: Callable[[RefinedVideo], None]) -> None:
        super().__init__()
        self._refine, self._write = refine, write

    def expand(self, videos: PCollection[RefineTask]) -> PCollection[None]:
        """Two steps, one video after the other."""
        refined = videos | "RefineVideos" >> self._refine
        written: PCollection[None] = refined | "WriteResult" >> beam.Map(self._write)
        return written
