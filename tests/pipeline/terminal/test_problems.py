"""Damaged tables and full disks end in a sentence that names the file, for every command."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.commands.doctor import doctor
from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from pipeline.terminal.problems import sentence_of

REPOSITORY = Path(__file__).resolve().parents[3]
COMMANDS = {
    "merge": (),
    "simulate": ("--ground-truth", "truth"),
    "report": (),
    "export points": ("--format", "pointvos", "--out", "out"),
    "export masks": ("--format", "davis", "--out", "out"),
}


@pytest.fixture
def run(finished_run, tmp_path) -> Path:
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.0)
    return finished_run


def command(name: str, run: Path) -> list[str]:
    return [sys.executable, "-m", "pipeline", name.split(maxsplit=1)[0], "--run", str(run), *COMMANDS[name]]


def answer(name: str, run: Path, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    place = {"cwd": run.parent, "env": environment, **options}
    return subprocess.run(command(name, run), capture_output=True, text=True, check=False, **place)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_damaged_table_is_named_and_what_to_do(run, name):
    file = next((run / "points").iterdir()) if name == "export points" else next((run / "masks").glob("a.*"))
    file = next((run / "candidates").glob("a.*")) if name == "simulate" else file
    file.write_bytes(file.read_bytes()[:100])
    found = answer(name, run)
    assert (found.returncode, found.stdout.count("Traceback")) == (1, 0)
    assert found.stderr.startswith(f"Stopped: {file} is damaged: ")
    assert found.stderr.endswith("see what to do with: pointvos doctor --run DIR, and do it with --repair\n")


def test_a_damaged_frame_is_named(run):
    for file in (run / "frames" / "a").iterdir():
        file.write_bytes(file.read_bytes()[:200])
    found = answer("report", run)
    assert (found.returncode, found.stderr.count("Traceback")) == (1, 0), found.stderr
    assert f".jpg is damaged; see what to do with: pointvos doctor --run {run}" in found.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_review_folder_of_another_user_is_refused(run):
    (run / "review").mkdir()
    os.chown(run / "review", 1234, 1234)
    with pytest.raises(UsageProblem, match="review belongs to user 1234, who could read the keys"):
        doctor(RunFolder(run), repair=True)


@pytest.fixture
def full_disk(tmp_path) -> Iterator[Path]:
    """A real file system of 700 kB."""
    place = tmp_path / "full"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", place], check=False)
    if mounted.returncode:
        pytest.skip("no permission to mount a small file system, so no full disk can be made here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_named_and_nothing_is_lost(run, full_disk, tmp_path, name):
    for part in ("run", "truth"):
        subprocess.run(["cp", "-r", tmp_path / part, full_disk], check=True)
    there = full_disk / "run"
    before = {path: path.read_bytes() for path in there.rglob("*.parquet")}
    filler = full_disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], stderr=subprocess.DEVNULL, check=False)
    found = answer(name, there)
    assert (found.returncode, found.stderr.count("Traceback")) == (1, 0), found.stderr
    assert found.stderr.startswith(f"Stopped: no space is left at {full_disk}/")
    assert "Finished work is kept: free some space and run the same command again" in found.stderr
    assert {path: path.read_bytes() for path in there.rglob("*.parquet")} == before
    filler.unlink()
    assert answer(name, there).returncode == 0


def test_a_file_that_may_not_grow_is_named(run):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # less than the page, more than temporary files

    found = answer("report", run, preexec_fn=limit)
    assert (found.returncode, found.stderr.count("Traceback")) == (1, 0), found.stderr
    assert f"the file is too big at {run / 'report' / 'index.html'}" in found.stderr


def test_a_fault_of_the_program_keeps_its_traceback():
    assert sentence_of(KeyError("x")) is None
    assert sentence_of(OSError("no number")) is None
