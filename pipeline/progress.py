"""Progress of a run: workers write how far they are, the command shows it.

On a terminal a live bar with an ETA; elsewhere a plain line every few seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.console import console

_WRITE_EVERY_S = 0.5
_LINE_EVERY_S = 10.0


@dataclass(slots=True)
class Heartbeat:
    """A worker's side: writes the number of frames decoded to ``path`` at most twice a second."""

    path: Path
    _written: float = field(default=0.0, init=False)

    def frames(self, n_frames: int) -> None:
        """Say that ``n_frames`` of the current video are decoded."""
        now = time.monotonic()
        if now - self._written >= _WRITE_EVERY_S:
            self._written = now
            self._write({"frames": n_frames})

    def end(self) -> None:
        """The current video is over."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _write(self, state: dict[str, int]) -> None:
        with suppress(OSError):  # progress is never worth a failure
            temporary = self.path.with_suffix(".part")
            temporary.write_text(json.dumps(state))
            temporary.rename(self.path)


@dataclass(frozen=True, slots=True)
class Total:
    """What the whole command has to do."""

    videos: int
    frames: int
    objects: int


@dataclass(slots=True)
class Watch:
    """The command's side: adds up what is done.

    Attributes:
        folder: where heartbeats lie.
        done_frames: frames of finished videos by unit stem.
        objects: objects of finished videos by unit stem.
    """

    folder: Path
    done_frames: dict[str, int] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)

    def finish(self, stem: str, n_frames: int, n_objects: int) -> None:
        """Count a finished video."""
        self.done_frames[stem] = n_frames
        self.objects[stem] = n_objects

    def frames(self) -> int:
        """Frames done so far, those of videos in work included."""
        now = 0
        for beat in self.folder.glob("*.json"):
            with suppress(OSError, ValueError, KeyError):
                now += int(json.loads(beat.read_text())["frames"])
        return sum(self.done_frames.values()) + now


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
    return f"{len(watch.done_frames)}/{total.videos} videos, {sum(watch.objects.values())}/{total.objects} objects"


def _live(watch: Watch, total: Total, stop: Event) -> None:
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}/{task.total:,.0f} frames"),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("ETA"),
        TimeRemainingColumn(),
    )  # fmt: skip
    start = time.monotonic()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("annotating", total=max(1, total.frames), rate="")
        while not stop.wait(0.25):
            frames = watch.frames()
            rate = f"{frames / (time.monotonic() - start):.1f} frames/s"
            bar.update(task, completed=frames, rate=rate, description=_counts(watch, total))


def _lines(watch: Watch, total: Total, stop: Event) -> None:
    start = time.monotonic()
    while not stop.wait(_LINE_EVERY_S):
        frames, seconds = watch.frames(), time.monotonic() - start
        rate = frames / seconds
        eta = f"ETA {max(0, total.frames - frames) / rate:.0f} s" if rate > 0 else "ETA unknown"
        console.print(f"{_counts(watch, total)}, {frames}/{total.frames} frames, {rate:.1f} frames/s, {eta}")
