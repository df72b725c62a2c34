"""Worker processes of a command are forked from one that is there early, and none outlives the command."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from pipeline.config import load_config
from pipeline.runners.spawning import start_early, worker_environment
from pipeline.runners.work import AnnotateWork
from pipeline.runners.worker_connection import ORPHANED, Ready
from pipeline.runners.worker_processes import WorkerProcesses
from pipeline.runs.folder import RunFolder

ENDED = """
import os, signal
from pipeline.runners.work import AnnotateWork

class Ended(AnnotateWork):
    "Sends SIGTERM to the process that forks workers, while it forks one."

    def preload(self):
        os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGTERM))
"""


class Unreadable:
    """Work that the process which forks workers cannot read."""

    def __reduce__(self):
        return int, ("work",)


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    return folder


@pytest.fixture
def work(run):
    models = {"models.segmenter": "grabcut", "models.propagator": "flow"}
    return AnnotateWork(run, load_config(None, {"videos": "clips", "localizations": "clicks.json", **models}))


@pytest.fixture
def others():
    """Processes of this one that have nothing to do with the test, such as servers of other tests."""
    return set(psutil.Process().children())


def test_workers_are_forked_from_a_process_that_was_there_before_the_run_was_known(run, work, others):
    start_early()
    (early,) = set(psutil.Process().children()) - others
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        workers = [processes.start(work), processes.start(work)]
        assert [worker.connection.recv() for worker in workers] == [Ready(), Ready()]
        forked = early.children()
        assert len(forked) == 2
        assert early.num_threads() == 1
        wanted = {str(run.path / ".lock"), str(processes.log)}
        assert all(wanted <= {file.path for file in one.open_files()} for one in forked)
        forked[1].kill()
        workers[0].send(None)
        assert [worker.exit_code() for worker in workers] == [0, -signal.SIGKILL]
    assert not psutil.wait_procs([early, *forked], timeout=0)[1]


def test_after_the_death_of_the_process_that_forks_them_workers_come_from_another_one(run, work, others):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        first = processes.start(work)
        (server,) = set(psutil.Process().children()) - others
        server.kill()
        with pytest.raises(EOFError):
            first.connection.recv()
        assert first.exit_code() == -signal.SIGKILL
        assert processes.start(work).connection.recv() == Ready()


def test_the_process_that_forks_is_ended_even_in_the_middle_of_a_fork(run, monkeypatch, tmp_path):
    (tmp_path / "ended_in_a_fork.py").write_text(ENDED)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    from ended_in_a_fork import Ended

    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        worker = processes.start(Ended(run, None))
        with pytest.raises(EOFError):
            worker.connection.recv()
        assert worker.exit_code() == -signal.SIGTERM


def test_why_no_worker_can_be_forked_is_in_the_log(run):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        worker = processes.start(Unreadable())
        with pytest.raises(EOFError):
            worker.connection.recv()
        assert worker.exit_code() == ORPHANED
    assert processes.log.read_text().splitlines()[-1] == "ValueError: invalid literal for int() with base 10: 'work'"


def interrupted(run, work):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        processes.start(work)
        raise KeyboardInterrupt


def test_none_outlives_its_command_and_one_that_did_nothing_leaves_nothing(run, work, others):
    start_early()
    (early,) = set(psutil.Process().children()) - others
    with pytest.raises(KeyboardInterrupt):
        interrupted(run, work)
    assert not early.is_running()
    assert not (run.path / "logs").exists()


def test_a_log_that_says_something_is_kept(run, work):
    with run.lock() as lock, WorkerProcesses(run, lock) as processes:
        processes.start(work)
        processes.log.write_text("a warning\n")
    assert processes.log.read_text() == "a warning\n"


def test_workers_keep_what_was_set_for_the_allocator_and_for_imports(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=1")
    monkeypatch.setenv("PYTHONPATH", "mine")
    environment = worker_environment()
    assert environment["GLIBC_TUNABLES"] == "glibc.malloc.check=1:glibc.malloc.hugetlb=1"
    assert environment["PYTHONPATH"].split(os.pathsep)[1:] == ["mine"]
