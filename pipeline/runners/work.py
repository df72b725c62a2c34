"""What worker processes are told to do: a graph over jobs, and how to see the outcome of each."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pipeline.config import RunConfig
from pipeline.runs.batch_rejects import commit_batch_reject, has_reject
from pipeline.runs.commit import commit_reject, is_finished
from pipeline.runs.folder import RunFolder, empty_folder
from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from stages.backends.preloading import import_packages, load_on_cpu
from stages.propagate.joining.batch_files import batch_file

if TYPE_CHECKING:
    import apache_beam as beam


class Job(Protocol):
    """One video for a worker, or a batch of its objects."""

    @property
    def video_id(self) -> str:
        """The video's id."""
        ...

    @property
    def unit(self) -> str:
        """The hash that the video's result is known by."""
        ...

    @property
    def key(self) -> Hashable:
        """Tells jobs apart, those of one video too."""
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

    def preload(self) -> None:
        """Load what workers share, in the process that they are forked from; it may not touch a GPU."""
        ...

    def graph(self) -> beam.PTransform[Any, Any]:
        """What is done with jobs; a worker asks for the next one when the last one has gone through."""
        ...

    def is_finished(self, job: Job_contra) -> bool:
        """Whether the job's video has its result on disk."""
        ...

    def is_kept(self, job: Job_contra) -> bool:
        """Whether what a job for a part of a video comes to is where the jobs for the others find it."""
        ...

    def prepare_again(self, job: Job_contra) -> None:
        """Take away what a worker that died has left of a video's result; nobody works on the video."""
        ...

    def give_up(self, job: Job_contra, detail: str) -> None:
        """Write down why a job's video has no result; then it is finished."""
        ...

    def close(self, job: Job_contra) -> None:
        """Use and take away what the jobs of a video left to each other: the last of them is over."""
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

    def preload(self) -> None:
        """The packages of the models, and on the CPU the networks."""
        models = self.config.models
        import_packages(models.segmenter, models.propagator)
        load_on_cpu(models.segmenter, models.propagator, self.config.compute.device)

    def graph(self) -> beam.PTransform[Any, Any]:
        """See :class:`Work`."""
        from pipeline.graph import AnnotateVideos

        return AnnotateVideos(self.run, self.config, spread=False, scratch=self.run.work)

    def is_finished(self, job: VideoJob) -> bool:
        """Whether the video is committed, or rejected by this job or another one."""
        return is_finished(self.run, job) or has_reject(self.run, job)

    def is_kept(self, job: VideoJob) -> bool:
        """Whether a batch of objects waits for the others of its video."""
        return job.batch is not None and batch_file(self.run.batches, job.unit, job.batch).is_file()

    def prepare_again(self, job: VideoJob) -> None:
        """See :class:`Work`."""
        self.run.drop_unit(job.video_id, job.unit)

    def give_up(self, job: VideoJob, detail: str) -> None:
        """Reject the video as a whole."""
        reject = Reject("annotate", job.video_id, "worker_died", detail, job.file.uri)
        commit_reject(self.run, RejectedVideo(job, reject))

    def close(self, job: VideoJob) -> None:
        """Reject the video if one of its batches says so, and remove the batches that waited."""
        commit_batch_reject(self.run, job)
        empty_folder(self.run.batches / job.unit)
