"""SIGKILL of every process at ten moments of a real run: what is done stays done, and the end is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from pipeline.runs.folder import RunFolder
from stages.simulated_prompts import simulate_clicks

REPOSITORY = Path(__file__).resolve().parents[2]
KILLS, WORKERS, SEED = 10, 2, 2026


@dataclass(frozen=True, slots=True)
class Case:
    """The command, without its run folder, and the length of every video in frames."""

    arguments: tuple[str, ...]
    lengths: dict[str, int]

    def start(self, run: Path, log: Path) -> subprocess.Popen[bytes]:
        """Start it as the leader of a process group of its own."""
        command = [sys.executable, "-m", "pipeline", *self.arguments, "--run", str(run)]
        with log.open("wb") as out:
            return subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=out, start_new_session=True)


@pytest.fixture
def case(davis, tmp_path) -> Case:
    """Three clicks on the first frame of every other sequence, on the middle frame of the others."""
    clicks, lengths = {}, {}
    for place, folder in enumerate(sorted((davis / "Annotations" / "480p").iterdir())):
        frames = sorted(folder.glob("*.png"))
        frame = len(frames) // 2 if place % 2 else 0
        points = simulate_clicks(np.asarray(Image.open(frames[frame]).convert("L")) > 127, 3).xy_px
        rows = [{"object_id": "1", "x": x, "y": y, "label": 1} for x, y in points]
        clicks[folder.name], lengths[folder.name] = {"frame": frame, "points": rows}, len(frames)
    file = tmp_path / "clicks.json"
    file.write_text(json.dumps(clicks))
    (tmp_path / "run.yaml").write_text("compute: {threads: 1}\n")
    videos = davis / "JPEGImages" / "480p"
    options = ("--localizations", str(file), "--workers", str(WORKERS), "--config", str(tmp_path / "run.yaml"))
    return Case(("annotate", str(videos), *options), lengths)


def committed_files(run: Path) -> dict[Path, tuple[int, int]]:
    """Inode and time of change of every file of every video that is done."""
    files = [RunFolder(run).frames_of(video_id) for video_id in RunFolder(run).committed()]
    marks = [file.name for file in (run / "videos").glob("[!.]*.parquet")]
    found = [f for folder in files for f in folder.iterdir()] + [f for m in marks for f in run.glob(f"*/{m}")]
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in found}


def contents(run: Path) -> dict[str, bytes]:
    """Everything that a run makes: its tables, and the frames that people look at."""
    return {str(f.relative_to(run)): f.read_bytes() for f in [*run.rglob("*.parquet"), *run.rglob("*.jpg")]}


def kill_after(case: Case, run: Path, log: Path, seconds: float) -> None:
    """Start it; kill the process group so long after it has begun to work; wait until it is gone."""
    process = case.start(run, log)
    while "To do" not in log.read_text():
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.05)
    time.sleep(seconds)
    assert process.poll() is None, "it ended before it was killed"
    group = [child for child in psutil.process_iter() if os.getpgid(child.pid) == process.pid]
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs(group, timeout=10)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_ten_moments_a_run_loses_only_what_was_in_flight(case, tmp_path):
    start = time.monotonic()
    assert case.start(tmp_path / "whole", tmp_path / "whole.log").wait() == 0
    latest = (time.monotonic() - start) / KILLS
    run, rng = tmp_path / "killed", np.random.default_rng(SEED)
    kept: dict[Path, tuple[int, int]] = {}
    for number, seconds in enumerate(rng.uniform(0, latest, KILLS)):
        log, done = tmp_path / f"{number}.log", len(RunFolder(run).committed())
        kill_after(case, run, log, seconds)
        assert not done or f"Skipping {done} of {len(case.lengths)} videos" in log.read_text()
        assert kept.items() <= committed_files(run).items()
        kept = committed_files(run)
    assert case.start(run, tmp_path / "last.log").wait() == 0
    assert kept.items() <= committed_files(run).items()
    assert contents(run) == contents(tmp_path / "whole")
    assert not (run / ".work").exists()
