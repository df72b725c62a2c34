"""Run the real command line and say what it took."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]

_MEASURE = """
import json, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
rss = used.ru_maxrss / 1e6
open(sys.argv[1], "w").write(json.dumps({"code": code, "seconds": time.monotonic() - start, "peak_gb": rss,
    "cpu_seconds": used.ru_utime + used.ru_stime}))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a command: wall seconds, CPU seconds of all its processes, resident memory of the largest one in GB."""

    seconds: float
    cpu_seconds: float
    peak_gb: float


def timed(work: Any, *arguments: Any) -> tuple[float, Any]:
    """Wall seconds and result of a call."""
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


def pointvos(*arguments: object, note: Path, tree: Path = REPOSITORY) -> Cost:
    """Run ``pointvos`` of a working tree of the project; exit code 3 (some input rejected) counts as done.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    subprocess.run([sys.executable, "-c", _MEASURE, str(note), *command], cwd=tree, check=True)
    answer = json.loads(note.read_text())
    if answer["code"] not in (0, 3):
        raise RuntimeError(f"exit code {answer['code']}: {' '.join(command)}")
    return Cost(answer["seconds"], answer["cpu_seconds"], answer["peak_gb"])
