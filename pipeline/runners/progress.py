"""Progress of a run: workers tell how far they are, the command shows it.

On a terminal a live bar with an ETA; elsewhere a plain line every few seconds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.capacity.time_left import Stage, duration, seconds_left
from pipeline.terminal.console import console
from schemas.jobs import JobKey, VideoJob
from stages.progress import Step

_LINE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Total:
    """What the whole command has to do."""

    videos: int
    frames: int
    objects: int


@dataclass(slots=True)
class ProgressTracker:
    """Adds up what is done.

    Attributes:
        n_frames: about how many frames a video has, by the key of its job; several jobs have a share each.
        planned_s: seconds that a job was planned to take, by its key.
        at_once: workers.
        clock: seconds.
        n_videos: finished ones.
        n_objects: of finished videos.
    """

    n_frames: Mapping[JobKey, float]
    planned_s: Mapping[JobKey, float]
    at_once: int = 1
    clock: Callable[[], float] = time.monotonic
    n_videos: int = field(default=0, init=False)
    n_objects: int = field(default=0, init=False)
    _start: float = field(init=False)
    _ticked: float = field(init=False)
    _busy_s: float = field(default=0.0, init=False)
    _open: Counter[str] = field(init=False)
    _done: set[JobKey] = field(default_factory=set, init=False)
    _steps: dict[JobKey, Step] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._start = self._ticked = self.clock()
        self._open = Counter(unit for unit, _ in self.n_frames)

    def step(self, job: VideoJob, step: Step) -> None:
        """Note where the work on a job is."""
        self._tick()
        self._steps[job.key] = step

    def finish(self, job: VideoJob) -> None:
        """Count a finished job; a video is finished when all its jobs are."""
        self.stop(job)
        self._done.add(job.key)
        self._open[job.unit] -= 1
        if not self._open[job.unit]:
            self.n_videos += 1
            self.n_objects += job.n_objects

    def stop(self, job: VideoJob) -> None:
        """Nobody works on a job any more."""
        self._tick()
        self._steps.pop(job.key, None)

    def frames(self) -> int:
        """Frames done so far, a share of those of videos in work included; segmenting counts too."""
        return round(self._done_of(self.n_frames))

    def seconds_left(self) -> float:
        """Until the end, as the work went so far; one job is the work of one worker."""
        self._tick()
        done = self._done_of(self.planned_s)
        work = Stage(sum(self.planned_s.values()), done, self._busy_s)
        longest = Stage(done + self._longest_left(), done, self._busy_s)
        return max(seconds_left({"annotating": work}, self.at_once), seconds_left({"annotating": longest}))

    def _longest_left(self) -> float:
        """Planned seconds of the job that most is left of."""
        shares = {key: step.share for key, step in list(self._steps.items())}
        done = set(self._done)
        left = (s * (1 - shares.get(key, 0.0)) for key, s in self.planned_s.items() if key not in done)
        return max(left, default=0.0)

    def _tick(self) -> None:
        """Count the time of the workers that work; before the first step, all of them start."""
        now, n_busy = self.clock(), len(self._steps) or min(self.at_once, max(len(self.planned_s) - len(self._done), 1))
        self._busy_s += (now - self._ticked) * n_busy
        self._ticked = now

    def _done_of(self, amounts: Mapping[JobKey, float]) -> float:
        """Of an amount a job, as much as is done."""
        whole = sum(amounts[key] for key in list(self._done))
        return whole + sum(amounts[key] * step.share for key, step in list(self._steps.items()))

    def current_work(self) -> str:
        """What is being worked on, for people."""
        return "; ".join(step.text for step in list(self._steps.values()))


@contextmanager
def shown(watch: ProgressTracker, total: Total) -> Iterator[None]:
    """Show the progress of ``watch`` until the block ends."""
    stop = Event()
    show = _live if console.is_terminal else _lines
    thread = Thread(target=show, args=(watch, total, stop), daemon=True, name="progress")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _counts(watch: ProgressTracker, total: Total) -> str:
    return f"{watch.n_videos}/{total.videos} videos, {watch.n_objects}/{total.objects} objects"


def _left(watch: ProgressTracker) -> str:
    return f"ETA {duration(watch.seconds_left())}"


def _live(watch: ProgressTracker, total: Total, stop: Event) -> None:
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}/{task.total:,.0f} frames"),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("{task.fields[doing]}", markup=False),
    )  # fmt: skip
    start = time.monotonic()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("annotating", total=max(1, total.frames), rate="", doing="")
        while not stop.wait(0.25):
            frames = watch.frames()
            rate = f"{frames / (time.monotonic() - start):.1f} frames/s, {_left(watch)}"
            bar.update(task, completed=frames, rate=rate, description=_counts(watch, total), doing=watch.current_work())


def _lines(watch: ProgressTracker, total: Total, stop: Event) -> None:
    start = time.monotonic()
    while not stop.wait(_LINE_EVERY_S):
        frames, seconds = watch.frames(), time.monotonic() - start
        rate = frames / seconds
        message = f"{_counts(watch, total)}, {frames}/{total.frames} frames, {rate:.1f} frames/s, {_left(watch)}"
        console.print(f"{message}; {doing}" if (doing := watch.current_work()) else message)
