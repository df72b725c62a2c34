"""Run the real command line and say what it took."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

_MEASURE = """
import json, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
rss = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
open(sys.argv[1], "w").write(json.dumps({"code": code, "seconds": time.monotonic() - start, "peak_gb": rss}))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall seconds of a command and the resident memory of its largest process in GB."""

    seconds: float
    peak_gb: float


def pointvos(*arguments: object, note: Path) -> Cost:
    """Run ``pointvos``; exit code 3 (some input rejected) counts as done.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    subprocess.run([sys.executable, "-c", _MEASURE, str(note), *command], cwd=REPOSITORY, check=True)
    answer = json.loads(note.read_text())
    if answer["code"] not in (0, 3):
        raise RuntimeError(f"exit code {answer['code']}: {' '.join(command)}")
    return Cost(answer["seconds"], answer["peak_gb"])
