"""The worker processes of a run: started, watched, replaced when they die, ended.

Each worker runs the same Beam pipeline in memory over the same list and claims what is free, so a slow video holds
nobody up, no port is opened, and a dead worker costs one video at most: that video is tried once more and then
rejected.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.claims import Claims
from pipeline.console import WorkProblem
from pipeline.jobs import VideoJob
from pipeline.memory import KEEP_MEMORY
from pipeline.progress import Watch
from pipeline.run_folder import RunFolder, write_unit
from pipeline.worker_exit import FULL, describe
from pipeline.workload import Workload
from schemas import tables
from schemas.rejects import Reject

ATTEMPTS = 2
"""How often a video may kill its worker before it is rejected."""

WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", **KEEP_MEMORY}
"""One thread an operation, in every thread of the worker, and memory that stays."""

_POLL_S = 0.1


@dataclass(slots=True)
class Workers:
    """All worker processes of one command."""

    run: RunFolder
    workload: Workload
    watch: Watch
    deaths: Counter[str] = field(default_factory=Counter)
    _alive: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)

    def work(self) -> None:
        """Do all jobs.

        Raises:
            WorkProblem: the run folder is full, or workers cannot start at all.
        """
        self.run.work.mkdir(parents=True, exist_ok=True)
        (self.run.work / "workload.pickle").write_bytes(pickle.dumps(self.workload))
        (self.run.path / "logs").mkdir(exist_ok=True)
        try:
            for _ in range(min(self.workload.config.compute.workers, len(self.workload.jobs))):
                self._start()
            while self._alive:
                time.sleep(_POLL_S)
                self._look()
        finally:
            self._end()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-P", "-m", "pipeline.worker", str(self.run.path)]
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
            )
        self._alive.append(process)

    @property
    def _log(self) -> Path:
        return self.run.path / "logs" / "workers.log"

    def _look(self) -> None:
        claims = Claims(self.run.work)
        for finished in claims.finished():
            self.watch.finish(finished.stem, finished.n_frames, finished.n_objects)
        for process in [p for p in self._alive if p.poll() is not None]:
            self._alive.remove(process)
            if process.returncode == FULL:
                raise WorkProblem(
                    f"no space is left for run folder {self.run.path}. Finished videos are kept: "
                    "free some space and run the same command again"
                )
            if process.returncode != 0:
                self._bury(process, claims)

    def _bury(self, process: subprocess.Popen[bytes], claims: Claims) -> None:
        (self.run.work / "progress" / f"{process.pid}.json").unlink(missing_ok=True)
        left = claims.left_by(process.pid)
        if not left:
            said = self._log.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise WorkProblem(f"a worker could not start ({describe(process.returncode)}); {self._log} ends: {said[0]}")
        for stem in left:
            self.deaths[stem] += 1
            if self.deaths[stem] < ATTEMPTS:
                claims.release(stem)
            else:
                self._reject(stem, describe(process.returncode))
                claims.finish(stem, 0, 0)
        self._start()

    def _reject(self, stem: str, how: str) -> None:
        job = next(job for job in self.workload.jobs if job.stem == stem)
        write_unit(self.run, stem, [(tables.REJECTS, [_worker_died(job, how)])])

    def _end(self) -> None:
        for process in self._alive:
            process.terminate()
        for process in self._alive:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment() -> dict[str, str]:
    """Our own modules first, wherever the command was given: its folder, which paths are relative to, is the workers'
    too, but nothing is imported from it.
    """
    places = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, **WORKER_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(place for place in places if place)}


def _worker_died(job: VideoJob, how: str) -> Reject:
    detail = f"the worker process died {ATTEMPTS} times on this video ({how}); out of memory is the usual cause"
    return Reject("annotate", job.video_id, "worker_died", detail, job.file.uri)
