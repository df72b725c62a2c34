"""Where a run's own server is and whose it is, as every command of the run can read it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from schemas.whole_files import write_whole

ADDRESS = "address.json"
_END_TIMEOUT_S = 25.0


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """One process; a process id alone is given again after its end, so the start tells whether it is still the same."""

    pid: int
    started_at: float

    @classmethod
    def of(cls, pid: int) -> ServerProcess:
        """The process that has this id now."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process while it lives, None when it has ended, whoever has its id now."""
        try:
            found = psutil.Process(self.pid)
            is_same = found.create_time() == self.started_at and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return found if is_same else None


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that runs, or ran when its command was killed.

    Attributes:
        url: its address on loopback.
        server: the server's process, the leader of its own group.
        owner: the command that started it and ends it with itself.
    """

    url: str
    server: ServerProcess
    owner: ServerProcess

    @classmethod
    def begin(cls, folder: Path, url: str, server_pid: int) -> RunningServer:
        """Record in ``folder`` that this process has started a server."""
        made = cls(url, ServerProcess.of(server_pid), ServerProcess.of(os.getpid()))
        write_whole(folder / ADDRESS, json.dumps(asdict(made)).encode(), mode=0o600)
        return made

    @classmethod
    def read(cls, folder: Path) -> RunningServer | None:
        """What is recorded in ``folder``."""
        try:
            found = json.loads((folder / ADDRESS).read_text(encoding="utf-8"))
            return cls(found["url"], ServerProcess(**found["server"]), ServerProcess(**found["owner"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def end(self) -> bool:
        """End the server through its owner, or itself when the owner is gone; False when there was nothing to end."""
        server, owner = self.server.process(), self.owner.process()
        if server is None:
            return False
        (owner or server).terminate()
        try:
            server.wait(_END_TIMEOUT_S)
        except psutil.TimeoutExpired:
            server.kill()
        return True
