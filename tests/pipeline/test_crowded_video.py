"""One crowded video that two workers share, batch by batch: killed, broken and failing in any of its jobs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from schemas import tables

REPOSITORY = Path(__file__).resolve().parents[2]
N_OBJECTS, A_PASS, KILLS, SEED = 6, 2, 12, 2026
STAND_IN = """
import os, pathlib, signal
from stages.backends.grabcut import GrabCutSegmenter

NOTE = pathlib.Path(__file__).with_name("killed")
FILE, LEFT_OF, HOW = os.environ.get("KILLED_AT", ""), int(os.environ.get("LEFT_OF", 0)), os.environ.get("HOW", "")

def end(event, details):
    "Kills the process once, before a file of the run is in place."
    if FILE and event == "os.rename" and not NOTE.exists():
        target = pathlib.Path(os.fsdecode(details[1]))
        if FILE in (target.name, target.parent.name):
            NOTE.touch()
            os.kill(os.getpid(), signal.SIGKILL)

import sys
sys.addaudithook(end)

class StandIn(GrabCutSegmenter):
    "Fails at objects on the left."
    name = "stand_in"

    def segment(self, image, prompts):
        if any(prompt.points_px[0][0] < LEFT_OF for prompt in prompts):
            if HOW == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError(f"it cannot do what is at {prompts[0].points_px[0][0]:.0f}")
        return super().segment(image, prompts)

def load(device):
    return StandIn()
"""
Annotate = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def annotate(make_video, fast, tmp_path, monkeypatch) -> Annotate:
    """Start ``annotate`` on a video with six objects in three batches, in a session of its own."""
    make_video(tmp_path / "videos" / "crowd.mp4", 8, (128, 96))
    rows = [
        {"object_id": str(i), "x": 10 + 20 * i, "y": 14 + 60 * (i % 2), "label": 1, "group": "all"}
        for i in range(N_OBJECTS)
    ]
    (tmp_path / "clicks.json").write_text(json.dumps({"crowd": {"frame": 2, "points": rows}}))
    (tmp_path / "config.yaml").write_text(f"models: {{objects_a_pass: {A_PASS}}}\n")
    package = tmp_path / "package" / "stand_in-1.0.dist-info"
    package.mkdir(parents=True)
    (package.parent / "stand_in.py").write_text(STAND_IN)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: stand_in\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[pointvos.segmenters]\nstand_in = stand_in:load\n")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))

    def begin(run: str, *options: object) -> subprocess.Popen[str]:
        places = (tmp_path / "videos", "--localizations", tmp_path / "clicks.json", "--run", tmp_path / run)
        given = ("--config", tmp_path / "config.yaml", *fast, "--segmenter", "stand_in", "--no-repair", *options)
        command = [sys.executable, "-m", "pipeline", "annotate", *map(str, (*places, *given))]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    return begin


def ended(process: subprocess.Popen[str]) -> int:
    _, errors = process.communicate(timeout=300)
    assert process.returncode in (0, 3), errors
    return process.returncode


def contents(run: Path) -> dict[str, bytes]:
    """Everything that a run makes: its tables, and the frames that people look at."""
    return {str(f.relative_to(run)): f.read_bytes() for f in [*run.rglob("*.parquet"), *run.rglob("*.jpg")]}


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_kills_of_the_command_and_of_its_workers_at_random_moments_change_nothing(annotate, tmp_path):
    start = time.monotonic()
    assert ended(annotate("whole", "--workers", 1)) == 0
    latest, rng = time.monotonic() - start, np.random.default_rng(SEED)
    whole = contents(tmp_path / "whole")
    for number in range(KILLS):
        process = annotate("run", "--workers", 2)
        time.sleep(rng.uniform(0, latest))
        for target in rng.permutation(workers(process))[:1] if number % 2 else [psutil.Process(process.pid)]:
            target.send_signal(signal.SIGKILL)
        process.communicate(timeout=300)
        assert ended(annotate("run", "--workers", 2)) == 0
        assert contents(tmp_path / "run") == whole
        assert not (tmp_path / "run" / ".work").exists()
        next((tmp_path / "run" / "videos").glob("*.parquet")).unlink()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_worker_that_is_killed_at_any_write_of_a_batch_or_of_the_commit_costs_nothing(
    annotate, tmp_path, monkeypatch
):
    assert ended(annotate("whole", "--workers", 1)) == 0
    for file in ("0.json", "1.maps", "2.json", "localizations", "candidates", "videos"):
        monkeypatch.setenv("KILLED_AT", file)
        assert ended(annotate(f"at-{file}", "--workers", 2)) == 0
        (tmp_path / "package" / "killed").unlink()
        assert contents(tmp_path / f"at-{file}") == contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize(("how", "error"), [("dies", "worker_died"), ("raises", "unexpected")])
@pytest.mark.parametrize("left_of", [20, 200])
def test_a_batch_that_fails_rejects_its_video_once(annotate, tmp_path, monkeypatch, how, error, left_of):
    monkeypatch.setenv("HOW", how)
    monkeypatch.setenv("LEFT_OF", str(left_of))
    assert ended(annotate("run", "--workers", 2)) == 3
    rejects = tables.REJECTS.records(tables.REJECTS.read(tmp_path / "run"))
    assert [(reject.key, reject.error) for reject in rejects] == [("crowd", error)]
    assert not tables.VIDEOS.files(tmp_path / "run")
    assert not (tmp_path / "run" / ".work").exists()
    if how == "raises":
        assert ended(annotate("alone", "--workers", 1)) == 3
        assert contents(tmp_path / "run") == contents(tmp_path / "alone")


@pytest.mark.slow
def test_a_crowded_video_that_breaks_off_gives_the_same_whatever_the_number_of_workers(annotate, tmp_path):
    video = tmp_path / "videos" / "crowd.mp4"
    video.write_bytes(video.read_bytes()[: -video.stat().st_size // 3])
    assert {ended(annotate(f"run-{n}", "--workers", n)) for n in (1, 2, 3)} == {3}
    assert contents(tmp_path / "run-1") == contents(tmp_path / "run-2") == contents(tmp_path / "run-3")
    assert len(tables.REJECTS.read(tmp_path / "run-1")) == 1
