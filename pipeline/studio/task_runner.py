"""The one task that is being done in the worker, and what the page is told of it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from pipeline.runs.folder import RunFolder
from pipeline.studio.mask_store import page_masks
from pipeline.studio.messages import Failed, Finished, MasksReady, Refine, Track
from pipeline.studio.previous_results import restore_previous
from pipeline.studio.time_estimate import TimeEstimate
from pipeline.studio.worker_process import StudioWorker
from stages.progress import Step
from verification_ui.studio.events import Events
from verification_ui.studio.records import PageMask, WorkStep

Task = Track | Refine


@dataclass
class TaskRunner:
    """A task is there until its results are in their place: nothing else may begin before.

    Attributes:
        run: where results go.
        worker: does the task.
        events: told what happens.
        estimate: how long tasks take.
        lock: held while a task begins or ends.
        draw: given the masks of a task as they become final.
        outcome: puts the results of a task into their place; why there are none, in a sentence, else empty.
        forget: told of a task that has ended: what is known of its video is read again.
        task: what is being done.
        step: how far it is.
        notes: how the last task of a video ended, by video id; empty when all was well.
    """

    run: RunFolder
    worker: StudioWorker
    events: Events
    estimate: TimeEstimate
    lock: threading.RLock
    draw: Callable[[Task, Sequence[PageMask]], None]
    outcome: Callable[[Task], str]
    forget: Callable[[Task], None]
    task: Task | None = None
    step: WorkStep = field(default_factory=WorkStep)
    notes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.worker.on_message = self._on_message

    def state(self, video_id: str) -> str:
        """Of the work on a video: ``tracking``, ``correcting`` or ``paused``; empty when there is none."""
        if (task := self.task) is None or task.job.video_id != video_id:
            return ""
        return self._state(task)

    def _state(self, task: Task) -> str:
        if self.worker.is_paused:
            return "paused"
        return "correcting" if isinstance(task, Refine) else "tracking"

    def begin(self, task: Task, planned_s: float = 0.0) -> None:
        """Begin a task that was planned to take so long; hold the lock, there must be none."""
        self.notes.pop(task.job.video_id, None)
        self.estimate.begin(planned_s)
        self.step, self.task = WorkStep("starting", 0.0, isinstance(task, Refine), planned_s), task
        try:
            self.worker.begin(task)
        except OSError as problem:
            self._end(task, f"No masks were made: no worker process can be started ({problem.strerror})")
        else:
            self._tell_step(task)

    def pause(self, is_paused: bool) -> None:
        """Hold the task, or go on."""
        self.worker.pause(is_paused)
        if (task := self.task) is not None:
            self.estimate.hold(is_paused)
            self._tell_step(task)

    def stop(self) -> None:
        """End the task; nothing of it is kept."""
        with self.lock:
            if (task := self.task) is not None:
                self.worker.stop()
                shutil.rmtree(self.run.work, ignore_errors=True)
                self._end(task, "Stopped; the masks are as they were before.")

    def _on_message(self, task: object, message: object) -> None:
        if not isinstance(task, Track | Refine):
            return
        match message:
            case Step(text, share):
                self.step = WorkStep(text, share, isinstance(task, Refine), self.estimate.left_s(share))
                self._tell_step(task)
            case MasksReady(masks):
                found = page_masks(masks)
                self.draw(task, found)
                content = [[m.object_id, m.frame_idx, m.rle, m.quality, m.source, m.round] for m in found]
                self.events.tell("masks", {"video": task.job.video_id, "masks": content})
            case Finished() | Failed():
                self._finish(task, message)

    def _finish(self, task: Task, message: Finished | Failed) -> None:
        with self.lock:
            if task is not self.task:
                return  # it was stopped meanwhile
            if isinstance(message, Failed):
                note = f"No masks were made: {message.why}"
            else:
                self.estimate.end()
                note = self._outcome(task)
            self._end(task, note)

    def _outcome(self, task: Task) -> str:
        try:
            return self.outcome(task)
        except OSError as problem:
            return f"The run folder cannot be read or written ({problem}); start the studio again"

    def _end(self, task: Task, note: str) -> None:
        """Put the run in order and let other tasks begin; hold the lock."""
        video_id = task.job.video_id
        try:
            restore_previous(self.run)
        except OSError as problem:
            note = f"The run folder cannot be put in order ({problem}); start the studio again"
        self.forget(task)
        self.notes[video_id] = note
        self.task = None
        self.events.tell("done", {"video": video_id, "note": note})

    def _tell_step(self, task: Task) -> None:
        self.events.tell("work", {"video": task.job.video_id, "state": self._state(task), **asdict(self.step)})
