"""``pointvos review users|doctor|backup|restore|down`` on a real server."""

from __future__ import annotations

import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from pipeline.commands.review.app import review_app
from pipeline.terminal.console import UsageProblem
from schemas import tables
from verification_ui.queue.client import LabelStudioClient
from verification_ui.server.credentials import EMAIL, load_or_create
from verification_ui.server.running import RunningServer

pytestmark = pytest.mark.labelstudio

REPOSITORY = Path(__file__).resolve().parents[2]


def run_command(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(review_app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


@pytest.fixture
def client(served_run: Any) -> Iterator[LabelStudioClient]:
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as made:
        yield made


@pytest.fixture
def there(served_run: Any, tmp_path: Path) -> list[str]:
    key = tmp_path / "key"
    key.write_text(served_run.server.credentials.token)
    return ["--url", served_run.server.url, "--api-key-file", str(key)]


def verdicts(run: Path) -> list[tuple[str, str, str]]:
    found = tables.VERDICTS.records(tables.VERDICTS.read(run))
    return sorted((v.candidate_id, v.annotator, v.status) for v in found)


def test_a_queue_survives_its_deletion_with_its_answers_and_verdicts(
    own_run: Any, there: list[str], client: LabelStudioClient, served_run: Any, tmp_path: Path
) -> None:
    run, file = own_run.path, tmp_path / "queue.zip"
    run_command("push", "--run", run, *there)
    queue = client.find_queue(f"pointvos {own_run.run_id} contact_sheet")
    assert queue is not None
    for task in list(queue.whole_tasks())[:2]:
        client.sdk.annotations.create(id=task.id, result=[], lead_time=9.0)
    run_command("pull", "--run", run, *there)
    before = verdicts(run)
    said = run_command("backup", file, "--run", run, *there)
    assert "contact_sheet 4 tasks, 2 answers" in said

    client.sdk.projects.delete(queue.project_id)
    for path in (run / "verdicts").iterdir():
        path.unlink()
    assert "4 tasks restored, 0 unchanged" in run_command("restore", file, "--run", run, *there)
    assert verdicts(run) == before
    assert "tasks changed 2 verdicts 24" in run_command("pull", "--run", run, *there)
    assert verdicts(run) == before
    assert len(before) == 24
    assert "new in the queue 0 already there 4" in run_command("push", "--run", run, *there)
    assert "0 tasks restored, 4 unchanged" in run_command("restore", file, "--run", run, *there)
    assert verdicts(run) == before

    with zipfile.ZipFile(file) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    credentials = served_run.server.credentials
    assert credentials.email.encode() in content
    assert not [secret for secret in (credentials.token, credentials.password) if secret.encode() in content]


def test_a_backup_of_another_run_is_refused(
    own_run: Any, there: list[str], tmp_path: Path, make_tiny_run: Callable[[Path, str], Any]
) -> None:
    file = tmp_path / "queue.zip"
    with pytest.raises(
        UsageProblem, match=r"no queue of run \w+ is on the server; make one with: pointvos review push"
    ):
        run_command("backup", file, "--run", own_run.path, *there)
    run_command("push", "--run", own_run.path, *there)
    run_command("backup", file, "--run", own_run.path, *there)
    other = make_tiny_run(tmp_path / "other", "another00run")
    with pytest.raises(UsageProblem, match=rf"is a backup of run {own_run.run_id}, but .*other is run another00run"):
        run_command("restore", file, "--run", other.path, *there)


def test_people_get_accounts_and_a_link_that_no_log_holds(served_run: Any) -> None:
    run = served_run.run.path
    said = run_command("users", "add", "dora@example.org", "--run", run)
    file = run / "review/link-dora@example.org.txt"
    assert f"annotator dora@example.org The log-in link (works once, within 24 hours) is in {file}" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    address = file.read_text().strip()
    assert address.startswith(f"{served_run.page.origin}/enter#email=dora%40example.org&link=")
    assert address.split("link=")[1] not in said
    assert "dora@example.org may log in, last login never" in run_command("users", "list", "--run", run)
    said = run_command("users", "disable", "dora@example.org", "--run", run)
    assert "dora@example.org is disabled; re-enable with: pointvos review users add dora@example.org" in said
    assert "dora@example.org disabled" in run_command("users", "list", "--run", run)


@pytest.mark.parametrize("command", [("users", "add", EMAIL), ("up", "--annotator", EMAIL)])
def test_nobody_answers_with_the_operators_account(tiny_run: Any, command: tuple[str, ...]) -> None:
    with pytest.raises(UsageProblem, match="is the operator's account, which does not answer questions"):
        run_command(*command, "--run", tiny_run.path)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "localhost", "::1", "label.example.org"])
def test_the_page_is_served_on_this_machine_only(tiny_run: Any, host: str) -> None:
    with pytest.raises(UsageProblem, match="is not a loopback address like"):
        run_command("up", "--host", host, "--run", tiny_run.path)


def test_accounts_of_other_servers_are_made_there(served_run: Any) -> None:
    with pytest.raises(UsageProblem, match=r"itself: open https://label\.example\.org/organization"):
        run_command("users", "add", "a@b.org", "--run", served_run.run.path, "--url", "https://label.example.org/")


def test_pointvos_does_not_lock_itself_out(served_run: Any) -> None:
    with pytest.raises(UsageProblem, match="is the account that pointvos itself uses"):
        run_command("users", "disable", "reviewer@pointvos.local", "--run", served_run.run.path)


def test_the_doctor_tells_row_by_row(served_run: Any, there: list[str]) -> None:
    said = run_command("doctor", "--run", served_run.run.path, *there)
    assert "ok key valid, belongs to reviewer@pointvos.local" in said
    assert "ok sign-up sign-up is closed" in said
    assert "ok predictions invalid ones are refused" in said
    assert "ok pictures loaded from local files" in said
    assert "ok disk" in said


def test_the_doctor_fails_where_the_server_shows_another_folder(own_run: Any, there: list[str]) -> None:
    said = run_command("doctor", "--run", own_run.path, *there, code=1)
    assert "fails pictures" in said
    assert "from local files instead of queue/probe.txt; start the server with" in said


def test_the_doctor_fails_where_the_server_shows_no_such_folder(tiny_run: Any, there: list[str]) -> None:
    said = run_command("doctor", "--run", tiny_run.path, *there, code=1)
    assert "fails pictures cannot let the server show" in said


def test_down_pulls_and_ends_the_server_and_the_command_that_started_it(tiny_run: Any) -> None:
    up = [sys.executable, "-m", "pipeline", "review", "up", "--run", str(tiny_run.path), "--port", "0"]
    with subprocess.Popen(up, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        next(line for line in owner.stdout if "Ctrl-C" in line)
        presence = RunningServer.read(tiny_run.path / "review")
        assert presence is not None
        with LabelStudioClient(presence.url, token_of(tiny_run.path)) as client:
            queue = client.find_queue(f"pointvos {tiny_run.run_id} contact_sheet")
            assert queue is not None
            client.sdk.annotations.create(id=next(iter(queue.whole_tasks())).id, result=[], lead_time=9.0)
        said = run_command("down", "--run", tiny_run.path)
        owner.wait(30)
    assert "tasks changed 1 verdicts 12" in said
    assert f"The server at {presence.url} has stopped." in said
    assert not psutil.pid_exists(presence.server.pid)
    assert "is running" in run_command("down", "--run", tiny_run.path)
    assert len(verdicts(tiny_run.path)) == 12


def token_of(run: Path) -> str:
    return load_or_create(run / "review")[0].token
