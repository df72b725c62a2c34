"""The studio's work in the background: one worker process, one task at a time, which can be held and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.config import RunConfig
from pipeline.runners.exits import describe
from pipeline.runners.spawning import worker_environment
from pipeline.runners.worker_connection import Ready
from pipeline.runs.folder import RunFolder
from pipeline.studio.messages import Failed, Finished


@dataclass
class StudioWorker:
    """Does tasks. A worker is started ahead, so that its models are there when a task comes.

    Attributes:
        run: where results go.
        config: of the run.
        lock: descriptor of the run folder's lock; the worker holds it too.
        on_message: told everything that the worker says of a task, in a thread of its own.
    """

    run: RunFolder
    config: RunConfig
    lock: int
    on_message: Callable[[object, object], None]
    is_paused: bool = False
    _task: object | None = None
    _process: subprocess.Popen[bytes] | None = None
    _connection: Connection[Any, Any] | None = None
    _turn: threading.RLock = field(default_factory=threading.RLock)
    _spawner: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "spawner"))
    """Its thread lives as long as we do; the kernel ends a worker with the thread that started it (prctl(2))."""

    @property
    def task(self) -> object | None:
        """What is being done."""
        return self._task

    def warm_up(self) -> None:
        """Start a worker if there is none."""
        with self._turn:
            if self._process is None:
                self._spawner.submit(self._start).result()

    def begin(self, task: object) -> None:
        """Give the worker a task; there must be none."""
        with self._turn:
            self.warm_up()
            self._task = task
            assert self._connection is not None
            with suppress(OSError):  # of a dead worker, whose end of the pipe says so
                self._connection.send(task)

    def pause(self, is_paused: bool) -> None:
        """Hold the worker where it is, or let it go on."""
        with self._turn:
            if self._process is not None and self._task is not None and is_paused != self.is_paused:
                self._process.send_signal(signal.SIGSTOP if is_paused else signal.SIGCONT)
                self.is_paused = is_paused

    def stop(self) -> None:
        """End the task: the worker is killed, which leaves nothing half-way that counts. Another one is started."""
        with self._turn:
            self.close()
            self.warm_up()

    def close(self) -> None:
        """End the worker."""
        with self._turn:
            process, self._process, self._task, self.is_paused = self._process, None, None, False
            if process is not None:
                process.kill()
                process.wait()

    def _start(self) -> None:
        ours, theirs = Pipe()
        log_path = self.run.local / "logs" / "studio.log"
        log_path.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-P", "-m", "pipeline.studio.worker", str(theirs.fileno()), str(os.getpid())]
        with theirs, log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=worker_environment(),
                pass_fds=(theirs.fileno(), self.lock),
            )  # fmt: skip
        self._connection = ours
        ours.send((self.run, self.config))
        threading.Thread(target=self._listen, args=(self._process, ours, log_path), name="studio", daemon=True).start()

    def _listen(self, process: subprocess.Popen[bytes], connection: Connection[Any, Any], log: Path) -> None:
        with connection:
            while True:
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    break
                if not isinstance(message, Ready):
                    self._pass_on(process, message)
        code = process.wait()
        with self._turn:
            if self._process is not process:
                return  # it was ended by us
            self._process = None
        if self._task is not None:
            why = f"the worker process ended ({describe(code)}); out of memory is the usual cause, {log} may say more"
            self._pass_on(process, Failed(why))

    def _pass_on(self, process: subprocess.Popen[bytes], message: object) -> None:
        with self._turn:
            task = self._task
            if task is None or self._process not in (process, None):
                return
            if isinstance(message, Finished | Failed):
                self._task, self.is_paused = None, False
        self.on_message(task, message)
