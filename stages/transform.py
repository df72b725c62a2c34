"""What the Beam transforms of all stages share: a DoFn that rejects a video in place of failing, and counters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection, TaggedOutput

from schemas.elements import Element, RejectedVideo
from stages import progress
from stages.arithmetic import use_one_thread_an_operation
from stages.failures import ends_the_run, rejected_video

REJECTS = "rejects"
"""Tag of the videos that a stage rejected."""
Results = tuple[PCollection[Any], PCollection[RejectedVideo]]
"""What a stage makes, and the videos that it rejects."""


class StageDoFn(beam.DoFn):
    """Works on one element at a time; an element that fails becomes a reject of its video, and the rest goes on.

    Subclasses implement :meth:`work`, which must depend on nothing but the element and the settings: any element may
    be retried, or be worked on twice at once.
    """

    def __init__(self) -> None:
        name = type(self).__name__
        self._done, self._rejected = Metrics.counter(name, "done"), Metrics.counter(name, "rejected")

    def setup(self) -> None:
        """Make arithmetic deterministic, on whatever runner this is."""
        use_one_thread_an_operation()

    def work(self, element: Any) -> Iterable[Any]:
        """The results for one element."""
        raise NotImplementedError

    def process(self, element: Element) -> Iterator[Any]:
        """Yield the results for ``element``, or one tagged reject."""
        try:
            results = list(self.work(element))
        except Exception as error:  # one video never takes the others with it
            if ends_the_run(error):
                raise
            self._rejected.inc()
            yield TaggedOutput(REJECTS, rejected_video(element.job, error))
        else:
            self._done.inc()
            yield from results


def parallel(elements: PCollection[Any], label: str, stage: StageDoFn) -> Results:
    """Apply a stage to all elements."""
    step = beam.ParDo(stage)
    step.label = label  # of the step itself, which is inside of one that splits its outputs
    outputs = elements | step.with_outputs(REJECTS, main="done")
    return outputs.done, outputs[REJECTS]


def count_done(step: str, n: int = 1) -> None:
    """Count elements that a step has finished, in Beam's metrics and for the progress of this process."""
    Metrics.counter(step, "done").inc(n)
    progress.done(n)
