"""What worker processes are told to do: a graph over jobs, and how to see what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pipeline.config import RunConfig
from pipeline.runners.outcomes import is_settled
from pipeline.runs.commit import commit_reject
from pipeline.runs.folder import RunFolder
from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.rejects import Reject

if TYPE_CHECKING:
    import apache_beam as beam


class Job(Protocol):
    """One video for a worker."""

    @property
    def video_id(self) -> str:
        """The video's id."""
        ...

    @property
    def unit(self) -> str:
        """The hash that identifies the job."""
        ...


JobT = TypeVar("JobT", bound=Job)
Job_contra = TypeVar("Job_contra", bound=Job, contravariant=True)


class Work(Protocol[Job_contra]):
    """What the workers of a command do; it is sent to each of them once.

    Attributes:
        run: where results go.
        n_workers: worker processes, at most.
    """

    @property
    def run(self) -> RunFolder:
        """See the class."""
        ...

    @property
    def n_workers(self) -> int:
        """See the class."""
        ...

    def graph(self) -> beam.PTransform[Any, Any]:
        """What is done with jobs; a worker asks for the next one when the last one has gone through."""
        ...

    def is_settled(self, job: Job_contra) -> bool:
        """Whether the job has its result on disk."""
        ...

    def prepare_again(self, job: Job_contra) -> None:
        """Take away what a worker that died has left of a job."""
        ...

    def give_up(self, job: Job_contra, detail: str) -> None:
        """Write down why a job has no result; then it is settled."""
        ...


@dataclass(frozen=True, slots=True)
class AnnotateWork:
    """Videos are annotated.

    Attributes:
        run: where results go.
        config: of the run.
    """

    run: RunFolder
    config: RunConfig

    @property
    def n_workers(self) -> int:
        """As the config says."""
        return self.config.compute.n_workers

    def graph(self) -> beam.PTransform[Any, Any]:
        """See :class:`Work`."""
        from pipeline.graph import AnnotateVideos

        return AnnotateVideos(self.run, self.config, spread=False, scratch=self.run.work)

    def is_settled(self, job: VideoJob) -> bool:
        """Whether the video is committed or rejected."""
        return is_settled(self.run, job)

    def prepare_again(self, job: VideoJob) -> None:
        """See :class:`Work`."""
        self.run.drop_unit(job.video_id, job.unit)

    def give_up(self, job: VideoJob, detail: str) -> None:
        """Reject the video."""
        reject = Reject("annotate", job.video_id, "worker_died", detail, job.file.uri)
        commit_reject(self.run, RejectedVideo(job, reject))
