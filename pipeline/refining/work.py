"""``refine`` in several worker processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from pipeline.refining.candidates import Redrawing
from pipeline.refining.task import RefinedVideo, RefineTask
from pipeline.refining.working import RoundModels
from pipeline.runners.supervisor import Supervisor
from pipeline.runners.worker_processes import WorkerProcesses
from pipeline.runs.folder import RunFolder
from pipeline.runs.spool import VideoOpener
from schemas.digests import digest
from schemas.whole_files import write_whole
from stages.progress import Step

if TYPE_CHECKING:
    from pipeline.refining.transform import RefineJobs

_RESULT = TypeAdapter(RefinedVideo)


@dataclass(frozen=True, slots=True)
class RefineWork:
    """Videos are refined; what became of each is a small file.

    Attributes:
        run: the run.
        n_workers: worker processes.
        load: loads the models of the run.
        redrawing: how candidates are redrawn.
        results: folder of what became of the videos.
    """

    run: RunFolder
    n_workers: int
    load: Callable[[], RoundModels]
    redrawing: Redrawing
    results: Path

    def graph(self) -> RefineJobs:
        """See :class:`pipeline.runners.work.Work`."""
        from pipeline.refining.transform import RefineJobs, RefineVideos

        refine = RefineVideos(self.run, self.load, self.redrawing, VideoOpener(), spread=False)
        return RefineJobs(refine, partial(_write, self.results))

    def is_settled(self, job: RefineTask) -> bool:
        """Whether it is known what became of the video."""
        return _file(self.results, job.video_id).is_file()

    def prepare_again(self, job: RefineTask) -> None:
        """Nothing: a round that was cut off is done again as if it had not begun."""

    def give_up(self, job: RefineTask, detail: str) -> None:
        """Say so."""
        _write(self.results, RefinedVideo(job.video_id, problem=detail))

    def result_of(self, job: RefineTask) -> RefinedVideo:
        """What became of a settled one."""
        return _RESULT.validate_json(_file(self.results, job.video_id).read_bytes())


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts videos that are through.

    Attributes:
        count: is told how many more there are.
    """

    count: Callable[[int], None]

    def step(self, job: RefineTask, step: Step, /) -> None:
        """Nothing is shown of a part."""

    def stop(self, job: RefineTask, /) -> None:
        """Nor of one that is tried again."""

    def finish(self, job: RefineTask, /) -> None:
        """One more."""
        self.count(1)


def refine_with_workers(
    work: RefineWork, lock: int, tasks: Sequence[RefineTask], count: Callable[[int], None]
) -> list[RefinedVideo]:
    """Refine videos in worker processes; a video that kills its worker twice stays as its last round left it.

    Returns:
        What became of each video, by id.

    Args:
        work: what is done.
        lock: descriptor of the lock of the run folder.
        tasks: the videos.
        count: is told how many more are through.
    """
    with WorkerProcesses[RefineTask](work.run, lock) as processes:
        Supervisor(work, processes, Counter(count)).do(list(tasks))
    return [work.result_of(task) for task in sorted(tasks, key=lambda task: task.video_id)]


def _write(folder: Path, found: RefinedVideo) -> None:
    write_whole(_file(folder, found.video_id), _RESULT.dump_json(found), is_synced=False)


def _file(folder: Path, video_id: str) -> Path:
    return folder / f"{digest(video_id)}.json"
