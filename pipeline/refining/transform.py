"""``RefineVideos``: videos of a run → what their correction rounds made of them."""

from __future__ import annotations

from collections.abc import Callable

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipeline.refining.candidates import Redrawing
from pipeline.refining.task import RefinedVideo, RefineTask, refine_task
from pipeline.refining.working import RoundModels
from pipeline.runs.folder import RunFolder
from stages import progress
from stages.arithmetic import use_one_thread_an_operation
from stages.transform import SharedModel
from stages.video import Opener

LoadModels = Callable[[], RoundModels]


class RefineVideos(beam.PTransform[PCollection[RefineTask], PCollection[RefinedVideo]]):
    """One element a video; a repeated one ends with the same tables.

    Args:
        run: the run.
        load: loads its models, once a process.
        redrawing: how candidates are drawn anew.
        opener: opens videos.
    """

    def __init__(self, run: RunFolder, load: LoadModels, redrawing: Redrawing, opener: Opener) -> None:
        super().__init__()
        self._run, self._models, self._redrawing, self._opener = run, SharedModel(load), redrawing, opener

    def expand(self, videos: PCollection[RefineTask]) -> PCollection[RefinedVideo]:
        """One step, spread over all workers."""
        spread = videos | "SpreadVideos" >> beam.Reshuffle()
        refined: PCollection[RefinedVideo] = spread | "RefineVideo" >> beam.Map(self._refine)
        return refined

    def _refine(self, task: RefineTask) -> RefinedVideo:
        use_one_thread_an_operation()
        found = refine_task(self._run, task, self._models.get(), self._redrawing, self._opener)
        progress.done()
        return found
