"""A very long video in the memory that ``pointvos plan`` promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.commands import REPOSITORY
from tests.bench.footprint import watched
from tests.bench.pages import table
from tests.bench.videos import clicks_in_the_middle, long_video


def measure(
    sequences: Path, work: Path, models: tuple[str, ...] = ("embedded_fast",), n_frames: int = 5000
) -> dict[str, Any]:
    """Peaks of ``annotate`` on one video of ``n_frames`` frames against the plan; one object, first frame."""
    folder = work / "long"
    folder.mkdir()
    long_video(sequences / "blackswan", folder / "video.mp4", n_frames)
    clicks = clicks_in_the_middle(folder, work / "long.json")
    return {model: _one(folder, clicks, work, model) | {"frames": n_frames} for model in models}


def _one(folder: Path, clicks: Path, work: Path, model: str) -> dict[str, Any]:
    options = (str(folder), "--localizations", str(clicks), "--segmenter", model, "--propagator", model)
    plan = [sys.executable, "-m", "pipeline", "plan", *options, "--json"]
    promised = json.loads(subprocess.run(plan, cwd=REPOSITORY, capture_output=True, check=True).stdout)
    found = watched("annotate", *options, "--run", work / f"run-{model}", log=work / f"{model}.log")
    return {
        "seconds": found.seconds,
        "promised_seconds": promised["seconds"],
        "memory_gb": found.memory_bytes / 1e9,
        "promised_memory_gb": promised["memory_bytes"] / 1e9,
        "worker_gb": found.worker_bytes / 1e9,
        "promised_worker_gb": promised["worker_memory_bytes"] / 1e9,
    }


def page(results: dict[str, Any]) -> str:
    """Measured against promised."""
    columns = (
        "frames",
        "seconds",
        "promised_seconds",
        "worker_gb",
        "promised_worker_gb",
        "memory_gb",
        "promised_memory_gb",
    )
    rows = [[model, *(result[column] for column in columns)] for model, result in results.items()]
    return "## A long video in the memory that `plan` promised\n\n" + table(["models", *columns], rows)
