"""A Flink cluster on this machine with Beam's job server and pools of Beam workers, each a process of its own.

Beam's servers listen on all interfaces and run what they are sent: use it in a network of its own only.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.cluster.parts import HERE, Parts

REPOSITORY = HERE.parents[1]
REST, JOB_SERVER, ARTIFACTS, EXPANSION, POOL = 8081, 8099, 8098, 8097, 50001
_START_S = 120
_QUICK_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_OPENED = (
    "java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text", "java.time",
    "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks",
)  # fmt: skip
"""Packages of java.base that Flink reflects on, as in the configuration that Flink ships."""


class FlinkCluster:
    """JobManager, TaskManagers of one slot each, job server and worker pools; ends them all on exit.

    Args:
        parts: jars.
        folder: for logs and temporary files.
    """

    def __init__(self, parts: Parts, folder: Path) -> None:
        self._parts, self._folder = parts, folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> FlinkCluster:
        (self._folder / "logs").mkdir(parents=True)
        (self._folder / "tmp").mkdir()
        try:
            self._start_java("jobmanager", 400, "runtime.entrypoint.StandaloneSessionClusterEntrypoint")
            self._start_job_server()
            for number in (1, 2):
                self.start_worker_pool(number)
                self.start_task_manager(number)
            self.wait_for(lambda: self.slots() == 2, "two TaskManagers")
            for address in (("localhost", JOB_SERVER), *((_pool_address(number), POOL) for number in (1, 2))):
                self.wait_for(lambda address=address: _listens(address), f"a server at {address}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._processes):
            self.kill(name)

    def start_task_manager(self, number: int) -> None:
        """Start a TaskManager; it joins by itself, and knows its own pool as the machine ``workers``."""
        hosts = self._folder / f"hosts-{number}"
        hosts.write_text(f"127.0.0.1 localhost {socket.gethostname()}\n{_pool_address(number)} workers\n")
        main = "runtime.taskexecutor.TaskManagerRunner"
        self._start_java(f"taskmanager-{number}", 384, main, f"-Djdk.net.hosts.file={hosts}")

    def start_worker_pool(self, number: int) -> None:
        """Start the pool of a TaskManager."""
        name = f"pool-{number}"
        workers = {"POINTVOS_PYTHON": sys.executable, "POINTVOS_WORKER_LOG": str(self.log(f"{name}-workers"))}
        self._start(name, [sys.executable, "-m", "tests.cluster.pool", f"{_pool_address(number)}:{POOL}"], workers)

    def kill(self, name: str) -> None:
        """SIGKILL a process and all that it started, at once."""
        process = self._processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def workers(self) -> Iterator[tuple[int, psutil.Process]]:
        """Number of the pool and process of every worker."""
        for name, process in self._processes.items():
            if name.startswith("pool-"):
                with suppress(psutil.NoSuchProcess):
                    yield from ((int(name[5:]), worker) for worker in psutil.Process(process.pid).children())

    def options(self, n_slots: int) -> list[str]:
        """Beam options for a pipeline on so many slots of this cluster."""
        return [
            "--runner=PortableRunner", f"--job_endpoint=localhost:{JOB_SERVER}", "--environment_type=EXTERNAL",
            f"--environment_config=workers:{POOL}", f"--parallelism={n_slots}",
        ]  # fmt: skip

    def slots(self) -> int:
        """How many slots the TaskManagers offer."""
        with suppress(OSError):
            return int(self.ask("overview")["slots-total"])
        return 0

    def newest_job(self) -> dict[str, Any]:
        """Seconds that the newest job ran on the TaskManagers, and how often a part of it started again, at most."""
        job = max(self.ask("jobs/overview")["jobs"], key=lambda job: job["start-time"])
        vertices = [vertex["id"] for vertex in self.ask(f"jobs/{job['jid']}")["vertices"]]
        subtasks = [self.ask(f"jobs/{job['jid']}/vertices/{vertex}")["subtasks"] for vertex in vertices]
        attempts = [int(subtask["attempt"]) for of_vertex in subtasks for subtask in of_vertex]
        return {"job_seconds": job["duration"] / 1000, "restarts": max(attempts)}

    def running_jobs(self) -> list[str]:
        """Ids of the jobs that are not over."""
        over = {"FINISHED", "CANCELED", "FAILED"}
        return [job["id"] for job in self.ask("jobs")["jobs"] if job["status"] not in over]

    def ask(self, path: str) -> Any:
        """An answer of Flink's REST API."""
        with urllib.request.urlopen(f"http://localhost:{REST}/{path}", timeout=10) as answer:
            return json.load(answer)

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self._folder / "logs" / f"{name}.log"

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: it does not in two minutes, or a process ended; the message has the end of its log.
        """
        end = time.monotonic() + _START_S
        while not holds():
            ended = [name for name, process in self._processes.items() if process.poll() is not None]
            if ended or time.monotonic() > end:
                last = "".join(f"\n{name}: {self.log(name).read_text()[-1500:]}" for name in ended)
                raise TimeoutError(f"timed out while waiting for {what}{last}")
            time.sleep(0.2)

    def _start_java(self, name: str, heap_mb: int, main: str, *more: str) -> None:
        options = [
            *more,
            *_OPEN,
            *_QUICK_JVM,
            f"-Xmx{heap_mb}m",
            f"-Dlog4j.configurationFile={HERE / 'conf/log4j.properties'}",
        ]
        config = ["--configDir", str(HERE / "conf"), f"-Dio.tmp.dirs={self._folder / 'tmp'}"]
        command = ["java", *options, "-cp", f"{self._parts.flink}/*", f"org.apache.flink.{main}", *config]
        self._start(name, command)

    def _start_job_server(self) -> None:
        ports = [f"--job-port={JOB_SERVER}", f"--artifact-port={ARTIFACTS}", f"--expansion-port={EXPANSION}"]
        where = [f"--flink-master=localhost:{REST}", "--job-host=localhost", f"--artifacts-dir={self._folder / 'tmp'}"]
        main = "org.apache.beam.runners.flink.FlinkJobServerDriver"
        command = ["java", *_OPEN, *_QUICK_JVM, "-Xmx400m", "-cp", f"{self._parts.beam}/*", main, *where, *ports]
        self._start("job-server", command)

    def _start(self, name: str, command: Sequence[str], variables: dict[str, str] | None = None) -> None:
        with self.log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env={**os.environ, "OMP_NUM_THREADS": "1", **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


_OPEN = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]


def _pool_address(number: int) -> str:
    return f"127.0.0.{number + 1}"


def _listens(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(address) == 0
