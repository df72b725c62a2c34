"""Worker processes of a command are there early, and none outlives it."""

from __future__ import annotations

import psutil
import pytest

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
