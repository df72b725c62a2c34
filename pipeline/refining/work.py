"""``refine`` in several worker processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from pipeline.config import Models
from pipeline.refining.candidates import Redrawing
from pipeline.refining.correction_round import RoundModels
from pipeline.refining.task import RefinedVideo, RefineTask
from pipeline.runners.supervisor import Supervisor
from pipeline.runners.worker_processes import WorkerProcesses
from pipeline.runs.folder import RunFolder
from pipeline.runs.spool import VideoOpener
from schemas.digests import digest
from schemas.whole_files import write_whole
from stages.backends.preloading import import_packages
from stages.progress import Step

if TYPE_CHECKING:
    from pipeline.refining.transform import RefineJobs

_RESULT = TypeAdapter(RefinedVideo)


@dataclass(frozen=True, slots=True)
class RefineWork:
    """See :class:`pipeline.runners.work.Work`: videos are refined, and the outcome of each is a small file.

    Attributes:
        run: the run.
        n_workers: worker processes.
        models: of the run, by name.
        load: loads them.
        redrawing: how candidates are redrawn.
        results: folder of the outcome of the videos.
    """

    run: RunFolder
    n_workers: int
    models: Models
    load: Callable[[], RoundModels]
    redrawing: Redrawing
    results: Path

    def preload(self) -> None:
        """See :class:`pipeline.runners.work.Work`."""
        import pipeline.refining.transform  # noqa: F401

        import_packages(self.models.segmenter, self.models.propagator)

    def graph(self) -> RefineJobs:
        """See :class:`pipeline.runners.work.Work`."""
        from pipeline.refining.transform import RefineJobs, RefineVideos

        refine = RefineVideos(self.run, self.load, self.redrawing, VideoOpener(), spread=False)
        return RefineJobs(refine, partial(_write, self.results))

    def is_finished(self, job: RefineTask) -> bool:
        """Whether the outcome of the video is known."""
        return _file(self.results, job.video_id).is_file()

    def is_kept(self, job: RefineTask) -> bool:
        """Never: a video is one job."""
        return False

    def prepare_again(self, job: RefineTask) -> None:
        """Nothing is to be done: a round that was cut off is done again from its start."""

    def give_up(self, job: RefineTask, detail: str) -> None:
        """Write down why; rounds that the workers finished before they died stand, and are not counted."""
        problem = f"{detail}. To continue, run the same command with --workers 1"
        _write(self.results, RefinedVideo(job.video_id, problem=problem))

    def close(self, job: RefineTask) -> None:
        """Nothing is to be done: a video is one job."""

    def result_of(self, job: RefineTask) -> RefinedVideo:
        """The outcome of a finished one."""
        return _RESULT.validate_json(_file(self.results, job.video_id).read_bytes())


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts finished videos; see :class:`pipeline.runners.job_queue.Watcher`.

    Attributes:
        count: is told how many more are finished.
    """

    count: Callable[[int], None]

    def step(self, job: RefineTask, step: Step, /) -> None:
        """Parts of a video are not counted."""

    def stop(self, job: RefineTask, /) -> None:
        """A video that is tried again is not finished."""

    def finish(self, job: RefineTask, /) -> None:
        """Count one more."""
        self.count(1)


def refine_with_workers(
    work: RefineWork, lock: int, tasks: Sequence[RefineTask], count: Callable[[int], None]
) -> list[RefinedVideo]:
    """Refine videos in worker processes; of a video that kills its worker twice, finished rounds stand.

    Returns:
        The outcome of each video, by id.

    Args:
        work: what is done.
        lock: descriptor of the lock of the run folder.
        tasks: the videos.
        count: is told how many more are finished.
    """
    with WorkerProcesses[RefineTask](work.run, lock) as processes:
        Supervisor(work, processes, Counter(count)).do(list(tasks))
    return [work.result_of(task) for task in sorted(tasks, key=lambda task: task.video_id)]


def _write(folder: Path, found: RefinedVideo) -> None:
    write_whole(_file(folder, found.video_id), _RESULT.dump_json(found), is_synced=False)


def _file(folder: Path, video_id: str) -> Path:
    return folder / f"{digest(video_id)}.json"
