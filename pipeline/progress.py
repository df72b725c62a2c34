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
    """A worker's side: writes how far the current video is to ``path``, at most twice a second.

    A frame counts half when it is decoded and half when its masks are final: where a video is localized late, most
    masks become final on the way back.
    """

    path: Path
    _n_passes: int = field(default=1, init=False)
    _decoded: int = field(default=0, init=False)
    _final: int = field(default=0, init=False)
    _last_final: int = field(default=-1, init=False)
    _written: float = field(default=0.0, init=False)

    def start(self, n_passes: int) -> None:
        """A video begins; its frames come by ``n_passes`` times."""
        self._n_passes = n_passes

    def decoded(self) -> None:
        """Say that one more frame is decoded."""
        self._decoded += 1
        self._beat()

    def final(self, frame_idx: int) -> None:
        """Say that a mask of this frame is final; masks of one frame come together."""
        if frame_idx != self._last_final:
            self._final += 1
            self._last_final = frame_idx
            self._beat()

    def end(self) -> None:
        """The current video is over."""
        self._decoded = self._final = 0
        self._last_final = -1
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._written < _WRITE_EVERY_S:
            return
        self._written = now
        with suppress(OSError):  # progress is never worth a failure
            temporary = self.path.with_suffix(".part")
            temporary.write_text(json.dumps({"frames": (self._decoded + self._final) // (2 * self._n_passes)}))
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
