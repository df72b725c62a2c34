"""``pointvos annotate`` on a Flink cluster: on two TaskManagers, on one, and with parts that are killed in the middle.

Run as a module in a network of its own; writes ``report.json``.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.cluster.corpus import make_corpus
from tests.cluster.flink import REPOSITORY, FlinkCluster
from tests.cluster.parts import Parts

_RUN_S = 600
_OPENED_BEFORE = 4
"""Videos that workers opened before a pool is killed."""
_SMALL = ("--segmenter", "grabcut", "--propagator", "flow", "--frames", "3", "--points", "8")
_EMBEDDED = ("--frames", "3", "--points", "8")
RUNS = ("killed_pool", "killed_task_manager", "interrupted", "two", "embedded", "one")
"""Runs on the cluster, in the order in which they can follow each other; one has the embedded models."""


def main(flink: str, beam: str, folder: str, *names: str) -> None:
    """Make the corpus in ``folder``, and beside it the runs that are named with their twins on this machine."""
    work = Path(folder)
    corpus = make_corpus(work)
    (work / "config.yaml").write_text("models: {objects_a_pass: 2}\n")
    report: dict[str, Any] = {}
    for local in {local_of(name) for name in names}:
        report[local] = _Annotate(work, corpus, local, ()).finish()
    start = time.monotonic()
    with FlinkCluster(Parts(Path(flink), Path(beam)), work / "cluster") as cluster:
        report["start_seconds"] = round(time.monotonic() - start, 1)
        for name in RUNS:
            if name in names:
                report[name] = _run(cluster, work, corpus, name)
    (work / "report.json").write_text(json.dumps(report))


def local_of(name: str) -> str:
    """The run on this machine that a run on the cluster has to be like."""
    return "local_embedded" if name == "embedded" else "local"


def _run(cluster: FlinkCluster, work: Path, corpus: tuple[Path, Path], name: str) -> dict[str, Any]:
    if name == "one":
        cluster.kill("taskmanager-1")
        cluster.wait_for(lambda: cluster.slots() == 1, "one TaskManager less")
    run = _Annotate(work, corpus, name, cluster.options(1 if name == "one" else 2))
    acts = {
        "killed_pool": _with_a_killed_pool,
        "killed_task_manager": _with_a_killed_task_manager,
        "interrupted": _interrupted,
    }
    return acts.get(name, _undisturbed)(cluster, run)


def _undisturbed(cluster: FlinkCluster, run: _Annotate) -> dict[str, Any]:
    return {**run.finish(), **cluster.newest_job()}


def _with_a_killed_pool(cluster: FlinkCluster, run: _Annotate) -> dict[str, Any]:
    seen: dict[str, int] = {}

    def some_videos_were_opened() -> bool:
        for number, worker in cluster.workers():
            with suppress(psutil.Error):
                seen.update((file.path, number) for file in worker.open_files() if file.path in run.videos)
        return len(seen) >= _OPENED_BEFORE

    run.wait_until(some_videos_were_opened)
    number = list(seen.values())[-1]
    n_committed = run.n_committed()
    cluster.kill(f"pool-{number}")
    cluster.start_worker_pool(number)
    return {**run.finish(), "n_committed_before": n_committed, **cluster.newest_job()}


def _with_a_killed_task_manager(cluster: FlinkCluster, run: _Annotate) -> dict[str, Any]:
    run.wait_until(lambda: run.n_committed() > 0)
    cluster.kill("taskmanager-2")
    before = run.committed()
    cluster.start_task_manager(2)
    report = {**run.finish(), "n_committed_before": len(before), **cluster.newest_job()}
    return {**report, "n_done_again": len(before - run.committed())}


def _interrupted(cluster: FlinkCluster, run: _Annotate) -> dict[str, Any]:
    """End the command in the middle and start it again at once: Flink goes on with the first job meanwhile."""
    run.wait_until(lambda: run.n_committed() > 0)
    run.interrupt()
    report = run.finish()
    run.start()
    again = run.finish()
    cluster.wait_for(lambda: not cluster.running_jobs(), "the job of an interrupted command to end")
    return {**again, "interrupted": report, **cluster.newest_job()}


class _Annotate:
    """One ``pointvos annotate``, at work."""

    def __init__(self, work: Path, corpus: tuple[Path, Path], name: str, beam_options: Sequence[str]) -> None:
        videos, clicks = corpus
        self.videos = set(map(str, videos.iterdir()))
        self._run, self._log = work / name, work / f"{name}.log"
        where = ["--localizations", clicks, "--run", self._run, "--config", work / "config.yaml"]
        options = _EMBEDDED if "embedded" in name else _SMALL
        beam = ["--", *beam_options] if beam_options else []
        self._command = [sys.executable, "-m", "pipeline", "annotate", videos, *where, *options, *beam]
        self.start()

    def start(self) -> None:
        """Start the command; it may have been interrupted before."""
        self._start = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)

    def interrupt(self) -> None:
        """SIGTERM, which ends a command as Ctrl-C does, even one that was started in the background."""
        self._process.send_signal(signal.SIGTERM)

    def n_committed(self) -> int:
        """How many videos are done."""
        return len(self.committed())

    def committed(self) -> set[tuple[str, int]]:
        """Commit marks with the time when they were written, in nanoseconds."""
        return {(mark.name, mark.stat().st_mtime_ns) for mark in (self._run / "videos").glob("*.parquet")}

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait for the moment to strike."""
        while not holds():
            if self._process.poll() is not None or time.monotonic() > self._start + _RUN_S:
                raise TimeoutError(f"the run was over before: {self._log.read_text()[-2000:]}")
            time.sleep(0.02)

    def finish(self) -> dict[str, Any]:
        """Wait for the end: exit code, seconds, and what was printed last."""
        code = self._process.wait(timeout=_RUN_S)
        seconds = round(time.monotonic() - self._start, 1)
        return {"code": code, "seconds": seconds, "output": self._log.read_text()[-3000:]}


if __name__ == "__main__":
    main(*sys.argv[1:])
