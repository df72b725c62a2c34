"""Progress of a run: workers tell how far they are, the command shows it.

On a terminal a live bar with an ETA; elsewhere a plain line every few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.capacity.time_left import Stage, duration, seconds_left
from pipeline.terminal.console import console
from schemas.jobs import VideoJob
from stages.progress import Step

_LINE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Total:
    """What the whole command has to do."""

    videos: int
    frames: int
    objects: int


@dataclass(slots=True)
class Watch:
    """Adds up what is done.

    Attributes:
        n_frames: about how many frames a video has, by the unit of its job.
        planned_s: seconds that it was planned to take, by the unit of its job.
        at_once: workers.
        clock: seconds.
    """

    n_frames: Mapping[str, int]
    planned_s: Mapping[str, float]
    at_once: int = 1
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)
    _ticked: float = field(init=False)
    _busy_s: float = field(default=0.0, init=False)
    _done: dict[str, VideoJob] = field(default_factory=dict, init=False)
    _steps: dict[str, Step] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._start = self._ticked = self.clock()

    def step(self, job: VideoJob, step: Step) -> None:
        """Note where the work on a video is."""
        self._tick()
        self._steps[job.unit] = step

    def finish(self, job: VideoJob) -> None:
        """Count a finished video."""
        self._tick()
        self._steps.pop(job.unit, None)
        self._done[job.unit] = job

    def stop(self, job: VideoJob) -> None:
        """Nobody works on a video any more."""
        self._tick()
        self._steps.pop(job.unit, None)

    @property
    def n_videos(self) -> int:
        """Finished ones."""
        return len(self._done)

    @property
    def n_objects(self) -> int:
        """Of finished videos."""
        return sum(job.n_objects for job in list(self._done.values()))

    def frames(self) -> int:
        """Frames done so far, a share of those of videos in work included; segmenting counts too."""
        return round(self._done_of(self.n_frames))

    def seconds_left(self) -> float:
        """Until the end, as the work went so far; one video is the work of one worker."""
        self._tick()
        done = self._done_of(self.planned_s)
        work = Stage(sum(self.planned_s.values()), done, self._busy_s)
        longest = Stage(done + self._longest_left(), done, self._busy_s)
        return max(seconds_left({"annotating": work}, self.at_once), seconds_left({"annotating": longest}))

    def _longest_left(self) -> float:
        """Planned seconds of the video that most is left of."""
        shares = {unit: step.share for unit, step in list(self._steps.items())}
        done = set(self._done)
        left = (s * (1 - shares.get(unit, 0.0)) for unit, s in self.planned_s.items() if unit not in done)
        return max(left, default=0.0)

    def _tick(self) -> None:
        """Count the time of the workers that work; before the first step, all of them start."""
        now, n_busy = self.clock(), len(self._steps) or min(self.at_once, max(len(self.planned_s) - len(self._done), 1))
        self._busy_s += (now - self._ticked) * n_busy
        self._ticked = now

    def _done_of(self, amounts: Mapping[str, float]) -> float:
        """Of an amount a video, as much as is done."""
        whole = sum(amounts[unit] for unit in list(self._done))
        return whole + sum(amounts[unit] * step.share for unit, step in list(self._steps.items()))

    def doing(self) -> str:
        """What is being worked on, for people."""
        return "; ".join(step.text for step in list(self._steps.values()))


@contextmanager
def shown(watch: Watch, total: Total) -> Iterator[None]:
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


def _counts(watch: Watch, total: Total) -> str:
    return f"{watch.n_videos}/{total.videos} videos, {watch.n_objects}/{total.objects} objects"


def _left(watch: Watch) -> str:
    return f"ETA {duration(watch.seconds_left())}"


def _live(watch: Watch, total: Total, stop: Event) -> None:
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
            bar.update(task, completed=frames, rate=rate, description=_counts(watch, total), doing=watch.doing())


def _lines(watch: Watch, total: Total, stop: Event) -> None:
    start = time.monotonic()
    while not stop.wait(_LINE_EVERY_S):
        frames, seconds = watch.frames(), time.monotonic() - start
        rate = frames / seconds
        message = f"{_counts(watch, total)}, {frames}/{total.frames} frames, {rate:.1f} frames/s, {_left(watch)}"
        console.print(f"{message}; {doing}" if (doing := watch.doing()) else message)
