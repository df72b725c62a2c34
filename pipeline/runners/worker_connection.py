"""What a command and its workers say to each other, over a pipe that both ends notice the other's end on."""

from __future__ import annotations

import os
import pickle
import queue
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

ORPHANED = os.EX_UNAVAILABLE
"""Exit code of a worker whose command has ended."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker is through with its job, or has just started, and asks for the next one."""


@dataclass(frozen=True, slots=True)
class CannotWrite:
    """A worker cannot write its results, and neither can any other.

    Attributes:
        sentence: which file, why, and what to do.
    """

    sentence: str


class WorkerConnection:
    """A worker's end. The process ends at once when the command does, whatever the worker is doing.

    What comes is unpickled by whoever receives it, in the worker's main thread. Only the command writes to the pipe.
    """

    def __init__(self, descriptor: int) -> None:
        """Listen from now on, in a thread; ``descriptor`` is our end."""
        self._connection: Connection[Any, Any] = Connection(descriptor)
        self._inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._sending = threading.Lock()
        threading.Thread(target=self._listen, name="worker-connection", daemon=True).start()

    def receive(self) -> Any:
        """The next message; waits for it."""
        return pickle.loads(self._inbox.get())  # noqa: S301 - from our parent, through a pipe

    def send(self, message: object) -> None:
        """Say something to the command; any thread may."""
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            os._exit(ORPHANED)

    def _listen(self) -> None:
        while True:
            try:
                self._inbox.put(self._connection.recv_bytes())
            except (EOFError, OSError):
                os._exit(ORPHANED)
