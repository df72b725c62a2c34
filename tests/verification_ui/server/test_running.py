from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from verification_ui.server.running import RunningServer, ServerProcess

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(SLEEP, start_new_session=True)


def test_what_is_recorded_is_read(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    begun = RunningServer.begin(tmp_path, "http://127.0.0.1:1", sleeper.pid)
    assert RunningServer.read(tmp_path) == begun
    sleeper.kill()
    sleeper.wait()


def test_a_server_without_its_owner_is_ended_itself(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    begun = RunningServer.begin(tmp_path, "http://127.0.0.1:1", sleeper.pid)
    orphaned = replace(begun, owner=ServerProcess(begun.owner.pid, begun.owner.started_at - 1.0))
    assert orphaned.end()
    assert sleeper.wait(0) is not None
    assert not orphaned.end()


def test_another_process_with_the_same_id_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    begun = RunningServer.begin(tmp_path, "http://127.0.0.1:1", sleeper.pid)
    stale = replace(begun, server=ServerProcess(sleeper.pid, begun.server.started_at - 1.0))
    assert not stale.end()
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


@pytest.mark.parametrize("content", ["", "[]", '{"url": "http://127.0.0.1:1", "pid": 1}', '{"url": 1'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "address.json").write_text(content)
    assert RunningServer.read(tmp_path) is None
