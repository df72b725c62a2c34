"""Commands, workers and orphans that are killed: nothing is lost, nothing is done twice, the end is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.runners.worker_connection import ORPHANED
from schemas import tables

REPOSITORY = Path(__file__).resolve().parents[3]
KILLS, LATEST_S, SEED = 40, 8.0, 2026
"""Three of four are SIGKILLs, the others SIGTERM."""
DEADLY = """
import os, signal
from stages.backends.grabcut import GrabCutSegmenter

class Deadly(GrabCutSegmenter):
    "Kills its process on frames with the size of a forbidden video."
    name = "deadly"

    def segment(self, image, prompts):
        if image.shape[1] == 80:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().segment(image, prompts)

def load(device):
    return Deadly()
"""

CUT_OFF = """
import os, pathlib, signal, sys
from stages.backends.grabcut import GrabCutSegmenter

NOTE = pathlib.Path(__file__).with_name("killed")

def end(event, details):
    "Kills the process once before each table of a commit is in place: a table more every time."
    if event == "os.rename" and str(details[0]).endswith(".tmp"):
        folder = pathlib.Path(os.fsdecode(details[1])).parent.name
        killed = NOTE.read_text().split() if NOTE.exists() else []
        if folder in ORDER and folder not in killed and ORDER.index(folder) == len(killed):
            NOTE.write_text(" ".join([*killed, folder]))
            os.kill(os.getpid(), signal.SIGKILL)

ORDER = ["masks", "repairs", "candidates", "rejects", "videos"]
sys.addaudithook(end)

class Cut(GrabCutSegmenter):
    name = "cut"

def load(device):
    return Cut()
"""


def contents(run: Path) -> dict[str, bytes]:
    """Everything that a run makes: its tables, and the frames that people look at."""
    return {str(f.relative_to(run)): f.read_bytes() for f in [*run.rglob("*.parquet"), *run.rglob("*.jpg")]}


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The process that forks the workers, then the workers; libraries start others for a moment."""
    try:
        found = psutil.Process(process.pid).children(recursive=True)
        return [one for one in found if "pipeline.runners.worker" in one.cmdline()]
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def start(corpus, fast, tmp_path):
    """Start ``annotate`` on the corpus with two workers, in a session of its own."""

    def begin(*options: str, run: Path = tmp_path / "run", videos: Path = corpus) -> subprocess.Popen[str]:
        arguments = ["annotate", videos, "--localizations", videos.parent / "clicks.json", "--run", run, *fast]
        command = [sys.executable, "-m", "pipeline", *map(str, arguments), "--workers", "2", *options]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    return begin


def resume(start, run: Path, annotated: Path) -> None:
    """The same command again ends well, with all videos."""
    again = start()
    _, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert contents(run) == contents(annotated)
    assert not (run / ".work").exists()


def kill(process: subprocess.Popen[str], how: signal.Signals) -> None:
    """Kill the command alone; twice, as ``timeout`` does."""
    process.send_signal(how)
    process.send_signal(how)
    process.communicate(timeout=60)


@pytest.mark.parametrize(("pause_s", "how", "delay_s"), [(0.3, signal.SIGTERM, 3.5), (0.0, signal.SIGKILL, 0.0)])
def test_a_command_that_is_killed_while_its_workers_start_is_continued_and_no_orphan_commits(
    start, annotated, tmp_path, pause_s, how, delay_s
):
    process = start()
    wait_for(lambda: children(process))
    time.sleep(pause_s)
    workers = children(process)
    kill(process, how)
    assert not psutil.wait_procs(workers, timeout=10)[1]
    assert how == signal.SIGKILL or not (tmp_path / "run" / "logs").exists()
    time.sleep(delay_s)
    resume(start, tmp_path / "run", annotated)


def test_a_command_that_is_killed_behind_its_first_video_is_continued(start, annotated, tmp_path):
    process = start()
    wait_for(lambda: list((tmp_path / "run" / "videos").glob("*.parquet")))
    kill(process, signal.SIGKILL)
    resume(start, tmp_path / "run", annotated)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thirty_kills_at_random_moments_lose_nothing(start, annotated, tmp_path):
    rng = np.random.default_rng(SEED)
    for number in range(KILLS):
        process = start()
        time.sleep(rng.uniform(0, LATEST_S))
        kill(process, signal.SIGKILL if number % 4 else signal.SIGTERM)
        if number % 5 < 2:
            time.sleep(rng.uniform(2, 4))
        if number % 3 == 2:
            resume(start, tmp_path / "run", annotated)
            for mark in list((tmp_path / "run" / "videos").glob("*.parquet"))[: number % 4]:
                mark.unlink()
    resume(start, tmp_path / "run", annotated)


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_that_is_interrupted_leaves_no_temporary_file_and_continues(
    start, annotated, tmp_path, monkeypatch, how, code
):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    process = start()
    wait_for(lambda: list((tmp_path / "run" / ".work").glob("video-*")))
    workers = children(process)
    os.killpg(process.pid, how) if how is signal.SIGINT else process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert ("run the same command again to continue" in errors) == (how is signal.SIGINT)
    assert not psutil.wait_procs(workers, timeout=10)[1]
    assert not (tmp_path / "run" / ".work").exists()
    assert not list((tmp_path / "tmp").iterdir())
    resume(start, tmp_path / "run", annotated)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package with a segmenter, for all processes of a test."""

    def add(name: str, code: str) -> Path:
        package = tmp_path / "package"
        info = package / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (package / f"{name}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[pointvos.segmenters]\n{name} = {name}:load\n")
        monkeypatch.setenv("PYTHONPATH", str(package))
        return package

    return add


def test_a_video_that_kills_its_worker_twice_costs_that_video_only(start, own_corpus, make_video, tmp_path, install):
    make_video(own_corpus / "a.mp4", 40, (80, 64))
    install("deadly", DEADLY)
    process = start("--segmenter", "deadly", "--no-repair", videos=own_corpus)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 3, errors
    run = tmp_path / "run"
    rejects = tables.REJECTS.records(tables.REJECTS.read(run))
    assert [(r.key, r.error) for r in rejects] == [("a", "worker_died")]
    assert "killed by SIGKILL" in rejects[0].detail
    assert set(tables.VIDEOS.read(run)["video_id"].to_pylist()) == {"b", "sub/c"}


def test_workers_that_are_killed_between_the_writes_of_a_commit_leave_no_half_video(start, corpus, tmp_path, install):
    options = ("--segmenter", "cut", "--no-repair", "--workers", "1")
    package = install("cut", CUT_OFF)
    for _ in range(3):
        process = start(*options)
        _, errors = process.communicate(timeout=300)
        assert process.returncode in (0, 3), errors
    assert (package / "killed").read_text().split() == ["masks", "repairs", "candidates", "rejects", "videos"]
    whole = start(*options, run=tmp_path / "whole")
    _, errors = whole.communicate(timeout=300)
    assert whole.returncode == 0, errors
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


@pytest.mark.parametrize(("number", "file"), [(0, "run.yaml"), (1, "run.yaml"), (0, ".work/video-*")])
def test_a_worker_that_is_killed_while_it_starts_and_the_process_that_forks_all_are_replaced(
    start, annotated, tmp_path, number, file
):
    process = start()
    wait_for(lambda: len(children(process)) > number and list((tmp_path / "run").glob(file)))
    children(process)[number].kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert contents(tmp_path / "run") == contents(annotated)


def test_a_worker_ends_at_once_when_the_pipe_to_its_command_breaks(tmp_path):
    from multiprocessing import Pipe

    ours, theirs = Pipe()
    command = [sys.executable, "-m", "pipeline.runners.worker", str(theirs.fileno()), str(os.getpid())]
    with subprocess.Popen(command, cwd=REPOSITORY, pass_fds=[theirs.fileno()]) as worker:
        theirs.close()
        time.sleep(0.2)
        assert worker.poll() is None
        ours.close()
        assert worker.wait(timeout=5) == ORPHANED


def test_a_worker_whose_command_is_gone_before_it_starts_does_nothing():
    command = [sys.executable, "-m", "pipeline.runners.worker", "0", str(os.getpid() + 100_000)]
    assert subprocess.run(command, cwd=REPOSITORY, check=False, timeout=30).returncode == ORPHANED
