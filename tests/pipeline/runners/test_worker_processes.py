"""Worker processes of a command are there early, and none outlives it."""

from __future__ import annotations

import time

import psutil
import pytest

from pipeline.runners.spawning import spawn_early
from pipeline.runners.worker_processes import WorkerProcesses
from pipeline.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    return folder


@pytest.fixture
def others():
    """Processes of this one that have nothing to do with the test, such as servers of other tests."""
    return set(psutil.Process().children())


def test_one_that_was_started_ahead_is_handed_out_first(run, others):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        processes.start_ahead()
        (early,) = set(psutil.Process().children()) - others
        first, second = processes.start(), processes.start()
        assert first.process.pid == early.pid != second.process.pid
        assert processes.running == [first, second]
    assert first.process.returncode is not None
    assert second.process.returncode is not None


def test_one_that_was_started_before_the_run_was_known_is_taken_and_holds_its_lock_and_log(run, others):
    spawn_early()
    (early,) = set(psutil.Process().children()) - others
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        worker = processes.start()
        assert worker.process.pid == early.pid
        wanted, give_up = {str(run.path / ".lock"), str(processes.log)}, time.monotonic() + 60
        while not wanted <= {file.path for file in early.open_files()} and time.monotonic() < give_up:
            time.sleep(0.1)
        assert wanted <= {file.path for file in early.open_files()}


def test_those_that_were_started_ahead_and_are_not_needed_can_be_ended(run, others):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        processes.start_ahead(3)
        needed = processes.start()
        processes.end_ahead()
        assert {child.pid for child in set(psutil.Process().children()) - others} == {needed.process.pid}


def interrupted(run):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        processes.start_ahead()
        raise KeyboardInterrupt


def test_one_that_nobody_needed_ends_with_its_command_and_leaves_nothing(run, others):
    with pytest.raises(KeyboardInterrupt):
        interrupted(run)
    assert set(psutil.Process().children()) <= others
    assert not (run.path / "logs").exists()


def test_a_log_that_says_something_is_kept(run):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        processes.start_ahead()
        processes.log.write_text("a warning\n")
    assert processes.log.read_text() == "a warning\n"
