"""The task in the background: what is said of it, and when another one may begin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.runs.folder import RunFolder
from pipeline.studio.messages import Failed, Finished, Refine, Track
from pipeline.studio.task_runner import Task, TaskRunner
from pipeline.studio.time_estimate import TimeEstimate
from pipeline.studio.worker_process import StudioWorker
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.progress import Step
from verification_ui.studio.events import Events

Make = Callable[[Callable[[Task], str]], TaskRunner]


@pytest.fixture
def task() -> Track:
    hint = Localization("a", "1", 0, Clicks(((5.0, 5.0),), (1,)))
    return Track(VideoJob(VideoFile("a", "a.mp4"), (hint,), "0"))


@pytest.fixture
def make(tmp_path: Path, task: Track) -> Make:
    """The work of a studio on ``task``, with what says how a task ended; no worker is started."""

    def made(outcome: Callable[[Task], str]) -> TaskRunner:
        run, config = RunFolder(tmp_path), load_config(None, {"videos": "v", "localizations": "l"})
        worker = StudioWorker(run, config, 0, lambda task, message: None)
        lock, estimate = threading.RLock(), TimeEstimate(config)
        work = TaskRunner(run, worker, Events(), estimate, lock, lambda *_: None, outcome, lambda _: None)
        work.task = task
        return work

    return made


def test_a_task_is_there_until_its_results_are_in_their_place(make: Make, task: Track) -> None:
    seen: list[Task | None] = []

    def outcome(_: Task) -> str:
        seen.append(work.task)
        return ""

    work = make(outcome)
    work.worker.on_message(task, Step("tracking", 0.5))
    assert (work.step.text, work.state("a"), work.state("b")) == ("tracking", "tracking", "")
    work.worker.on_message(task, Finished())
    assert (seen, work.task, work.state("a"), work.notes) == ([task], None, "", {"a": ""})


def test_a_round_is_named_as_one_in_the_list_of_videos(make: Make, task: Track, tmp_path: Path) -> None:
    work = make(lambda _: "")
    work.task = Refine(task.job, Video("a", "a.mp4", 9, 90, 160, 9.0, 1.0, "h264", 0, 1), tmp_path)
    assert work.state("a") == "correcting"


def test_what_is_heard_of_a_task_that_was_stopped_changes_nothing(make: Make, task: Track) -> None:
    work = make(lambda _: pytest.fail("it has no outcome"))
    work.task = other = Track(task.job)
    for message in (Finished(), Failed("it was killed")):
        work.worker.on_message(Track(task.job), message)
    assert (work.task is other, work.notes) == (True, {})


def test_a_run_that_cannot_be_read_ends_the_task_and_is_told(make: Make, task: Track) -> None:
    def outcome(_: Task) -> str:
        raise OSError(5, "the connection is lost", "s3://bucket/run")

    work = make(outcome)
    work.worker.on_message(task, Finished())
    assert work.task is None
    assert work.notes["a"].startswith(
        "The run folder cannot be read or written ([Errno 5] the connection is lost: 's3:"
    )


def test_a_task_that_failed_says_why(make: Make, task: Track) -> None:
    work = make(lambda _: "")
    work.worker.on_message(task, Failed("the worker process ended"))
    assert (work.task, work.notes) == (None, {"a": "No masks were made: the worker process ended"})
