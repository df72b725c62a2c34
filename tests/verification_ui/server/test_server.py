from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from verification_ui.queue.tokens import accepts
from verification_ui.server.credentials import keep_signing_key, load_or_create, read_api_key
from verification_ui.server.loopback import choose_port
from verification_ui.server.server import ServerProblem, environment, find_executable, running_server, started


def test_credentials_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    made, is_new = load_or_create(tmp_path / "review")
    again, is_new_again = load_or_create(tmp_path / "review")
    assert (is_new, is_new_again) == (True, False)
    assert made == again
    assert len(made.token) == 40
    assert stat.S_IMODE((tmp_path / "review").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "review/credentials.json").stat().st_mode) == 0o600
    assert made.password not in repr(made)
    assert made.token not in repr(made)


def test_an_api_key_file_is_read_or_named(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with pytest.raises(ValueError, match=r"API key file .*/key cannot be read: FileNotFoundError"):
        read_api_key(file)
    file.write_text(" \n")
    with pytest.raises(ValueError, match=r"API key file .*/key is empty"):
        read_api_key(file)
    file.write_text("secret\n")
    assert read_api_key(file) == "secret"


def test_a_busy_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert choose_port(busy) != busy
    assert choose_port(busy) == busy


def test_the_server_inherits_nothing_but_paths_and_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_HOST", "http://elsewhere")
    monkeypatch.setenv("DEBUG", "1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    given = environment(tmp_path, tmp_path / "media", load_or_create(tmp_path)[0])
    assert not {"LABEL_STUDIO_HOST", "DEBUG", "AWS_SECRET_ACCESS_KEY"} & set(given)
    assert given["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"] == str(tmp_path / "media")
    assert given["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true"


def test_a_missing_server_names_the_command_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTVOS_LABEL_STUDIO", "/nowhere/label-studio")
    with pytest.raises(
        ServerProblem, match=r"not installed at /nowhere/label-studio; install it with: make review-setup"
    ):
        find_executable()


def test_a_server_that_ends_at_once_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "label-studio"
    broken.write_text("#!/bin/sh\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setenv("POINTVOS_LABEL_STUDIO", str(broken))
    with (
        pytest.raises(ServerProblem, match=r"ended with exit code 7; its log is .*server\.log"),
        started(tmp_path / "review", tmp_path / "media"),
    ):
        pass
    assert not (tmp_path / "review/address.json").exists()


@pytest.mark.labelstudio
def test_a_second_server_for_the_same_run_is_refused_and_the_first_is_found(served_run: Any) -> None:
    folder = served_run.run.path / "review"
    with (
        pytest.raises(ServerProblem, match="another pointvos command runs the review server"),
        started(folder, served_run.run.path / "media"),
    ):
        pass
    found = running_server(folder)
    assert found is not None
    assert found.url == served_run.server.url


def test_a_signing_key_is_made_once_and_is_no_variable_name(tmp_path: Path) -> None:
    keep_signing_key(tmp_path / "data")
    file = tmp_path / "data/.env"
    text = file.read_text()
    assert re.fullmatch(r"SECRET_KEY=[0-9a-f]{64}\n", text)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keep_signing_key(tmp_path / "data")
    assert file.read_text() == text


@pytest.mark.labelstudio
def test_the_server_signs_with_the_key_that_it_was_given(served_run: Any) -> None:
    assert (served_run.run.path / "review/data/.env").read_text().count("SECRET_KEY") == 1
    assert "Will generate a random key" not in (served_run.run.path / "review/server.log").read_text()


@pytest.mark.labelstudio
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_the_command_that_started_it(
    served_run: Any, tmp_path: Path, sign: signal.Signals
) -> None:
    """However it ends; a copy of the served data saves the first start's half minute."""
    folder = tmp_path / "review"
    folder.mkdir()
    shutil.copytree(served_run.run.path / "review/data", folder / "data")
    shutil.copy(served_run.run.path / "review/credentials.json", folder)
    script = (
        "import sys, time; from pathlib import Path; from verification_ui.server.server import started\n"
        "with started(Path(sys.argv[1]), Path(sys.argv[2]), port=0): time.sleep(120)"
    )
    command = [sys.executable, "-c", script, str(folder), str(tmp_path / "media")]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL) as owner:
        address = folder / "address.json"
        wait_until(address.exists, 90.0)
        pid = json.loads(address.read_text())["server"]["pid"]
        assert psutil.pid_exists(pid)
        os.kill(owner.pid, sign)
        owner.wait(30)
    wait_until(lambda: not psutil.pid_exists(pid), 20.0)
    if sign != signal.SIGKILL:
        assert not address.exists()


@pytest.mark.labelstudio
def test_a_port_that_somebody_takes_just_before_the_start_is_given_up_for_another(
    served_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Label Studio itself moves on to the next free one and tells nobody."""
    taken = urlsplit(served_run.server.url).port
    host = urlsplit(served_run.server.url).hostname
    ports = iter([taken, choose_port(0, host)])
    monkeypatch.setattr("verification_ui.server.server.choose_port", lambda *_: next(ports))
    with started(tmp_path / "review", tmp_path / "media", host=host) as server:
        assert urlsplit(server.url).port != taken
        assert accepts(server.url, server.credentials.token)
        assert running_server(tmp_path / "review") is not None
    assert next(ports, None) is None


def wait_until(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)
