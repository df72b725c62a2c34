"""What a command takes while it runs: memory of all its processes, sampled, and disk below a folder."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.commands import REPOSITORY

_EVERY_S = 0.5
"""To count shared memory takes a twentieth of a second a process."""


@dataclass(slots=True)
class Footprint:
    """Peaks of a command; memory is resident.

    Attributes:
        seconds: wall time.
        memory_bytes: of all processes at one time; what they share counts once.
        command_bytes: of the command itself.
        worker_bytes: of its largest child.
    """

    seconds: float = 0.0
    memory_bytes: int = 0
    command_bytes: int = 0
    worker_bytes: int = 0

    def look(self, command: psutil.Process) -> None:
        """Take a sample."""
        own, *children = [_resident(process) for process in (command, *command.children(recursive=True))]
        self.memory_bytes = max(self.memory_bytes, sum(share for _, share in (own, *children)))
        self.command_bytes = max(self.command_bytes, own[0])
        self.worker_bytes = max([self.worker_bytes, *(resident for resident, _ in children)])


def watched(*arguments: object, log: Path) -> Footprint:
    """Run ``pointvos`` and watch it; exit code 3 (some input rejected) counts as done.

    Raises:
        RuntimeError: it failed.
    """
    footprint, start = Footprint(), time.monotonic()
    with log.open("wb") as out:
        command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=out)
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                footprint.look(psutil.Process(process.pid))
            time.sleep(_EVERY_S)
    footprint.seconds = time.monotonic() - start
    if process.returncode not in (0, 3):
        raise RuntimeError(f"exit code {process.returncode}: {log.read_text()[-2000:]}")
    return footprint


def _resident(process: psutil.Process) -> tuple[int, int]:
    """Bytes of a process, and with its share of what it has in common with others in the place of all of that."""
    with suppress(psutil.NoSuchProcess):
        found = process.memory_full_info()
        return found.rss, found.pss
    return 0, 0
