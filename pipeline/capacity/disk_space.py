"""Whether a run will find room on its disk, before anything is started."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.capacity.estimate import Estimate
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem, console, styled

_SURELY = 0.1
"""Share of the upper bound that every run takes."""


def free_bytes(place: Path) -> int:
    """Free bytes where ``place`` is, or will be."""
    absolute = place.absolute()
    return shutil.disk_usage(next(p for p in (absolute, *absolute.parents) if p.exists())).free


def check_room(run: RunFolder, foreseen: Estimate) -> None:
    """Warn when the disk may be too small for a run; what it keeps in a store takes no disk.

    Raises:
        UsageProblem: it is certainly too small.
    """
    place = run.local
    kept_bytes = foreseen.kept_bytes if run.path == place else 0.0
    needed, free = kept_bytes + foreseen.spool_bytes, free_bytes(place)
    figures = f"up to {size(needed)} of disk, and {size(free)} is free at {place}"
    if free < _SURELY * needed:
        raise UsageProblem(f"the run needs {figures}; free some space or choose another --run")
    if free < needed:
        console.print(styled(f"The disk may fill up: the run needs {figures}.", "yellow"))


def size(n_bytes: float) -> str:
    """As people say it.

    >>> size(2_500_000), size(3_210_000_000)
    ('2 MB', '3.2 GB')
    """
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
