"""Who works on which video: marks in the run's work folder that processes agree by.

A claim is a file that only one process can create, so several workers can walk the same list and never do a video
twice. A claim without a finish mark, whose process is gone, names the video that killed it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finished:
    """A finish mark: the unit's stem, and what was done (zeros when the video was rejected)."""

    stem: str
    n_frames: int
    n_objects: int


@dataclass(frozen=True, slots=True)
class Claims:
    """The marks below ``work``, the run's work folder."""

    work: Path

    @property
    def heartbeat(self) -> Path:
        """Where this process says how far it is."""
        return self._folder("progress") / f"{os.getpid()}.json"

    def take(self, stem: str) -> bool:
        """Claim a unit for this process; False when it is taken."""
        try:
            descriptor = os.open(self._folder("claims") / stem, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        os.write(descriptor, str(os.getpid()).encode())
        os.close(descriptor)
        return True

    def release(self, stem: str) -> None:
        """Give a unit back, so that it can be claimed again."""
        (self._folder("claims") / stem).unlink(missing_ok=True)

    def finish(self, stem: str, n_frames: int, n_objects: int) -> None:
        """Mark a unit as over, whatever came of it."""
        file = self._folder("finished") / stem
        temporary = self._folder("progress") / f"{stem}.part"
        temporary.write_text(json.dumps([n_frames, n_objects]))
        temporary.rename(file)

    def finished(self) -> list[Finished]:
        """All finish marks."""
        return [Finished(f.name, *json.loads(f.read_text())) for f in self._folder("finished").iterdir()]

    def left_by(self, pid: int) -> list[str]:
        """Units that process ``pid`` claimed and did not finish."""
        over = {f.name for f in self._folder("finished").iterdir()}
        mine = [c.name for c in self._folder("claims").iterdir() if c.read_text() == str(pid)]
        return [stem for stem in mine if stem not in over]

    def _folder(self, name: str) -> Path:
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
