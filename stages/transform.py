"""What the Beam transforms of all stages share: a DoFn that rejects instead of failing, models loaded once."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection, TaggedOutput
from apache_beam.utils.shared import Shared

from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from stages import progress
from stages.arithmetic import use_one_thread_an_operation
from stages.video import DecodeError

REJECTS = "rejects"
"""Tag of the videos that a stage could not work on."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What no other video would survive either: such an error ends the pipeline."""
logger = logging.getLogger(__name__)

Model_co = TypeVar("Model_co", covariant=True)
Results = tuple[PCollection[Any], PCollection[RejectedVideo]]
"""What a stage makes, and the videos that it rejects."""


class Element(Protocol):
    """Anything that travels between stages."""

    @property
    def job(self) -> VideoJob: ...  # noqa: D102


class StageDoFn(beam.DoFn):
    """Works on one element at a time; an element that fails becomes a reject of its video, and the rest goes on.

    Subclasses implement :meth:`work`, which must depend on nothing but the element and the settings: any element may
    be retried, or be worked on twice at once.
    """

    def __init__(self) -> None:
        name = type(self).__name__
        self._done, self._rejected = Metrics.counter(name, "done"), Metrics.counter(name, "rejected")

    def setup(self) -> None:
        """Fix the arithmetic, on whatever runner this is."""
        use_one_thread_an_operation()

    def work(self, element: Any) -> Iterable[Any]:
        """What comes of one element."""
        raise NotImplementedError

    def process(self, element: Element) -> Iterator[Any]:
        """Yield what comes of ``element``, or one tagged reject."""
        try:
            results = list(self.work(element))
        except Exception as error:  # one video never takes the others with it
            if isinstance(error, OSError) and error.errno in NO_SPACE:
                raise
            self._rejected.inc()
            yield TaggedOutput(REJECTS, RejectedVideo(element.job, _reject(element.job, error)))
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
    """Count elements that a step is done with, in Beam's metrics and for the progress of this process."""
    Metrics.counter(step, "done").inc(n)
    progress.done(n)


class SharedModel(Generic[Model_co]):
    """A model that is loaded once a process, however many transforms use it, and never travels."""

    def __init__(self, load: Callable[[], Model_co]) -> None:
        self._load = load
        self._shared = Shared()
        self._held: _Held[Model_co] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": None}

    def get(self) -> Model_co:
        """The model, ready to use."""
        if self._held is None:
            self._held = self._shared.acquire(lambda: _Held(self._load()))
            use_one_thread_an_operation()
        return self._held.model


class _Held(Generic[Model_co]):
    """Beam keeps weak references to what is shared; not every model can have one."""

    def __init__(self, model: Model_co) -> None:
        self.model = model


def _reject(job: VideoJob, error: Exception) -> Reject:
    if isinstance(error, DecodeError):
        return Reject("decode", job.video_id, error.error, str(error), job.file.uri)
    logger.error("video %s failed", job.video_id, exc_info=error)
    detail = f"{type(error).__name__}: {error}; see logs/ in the run folder, then run the same command again"
    return Reject("annotate", job.video_id, "unexpected", detail, job.file.uri)
