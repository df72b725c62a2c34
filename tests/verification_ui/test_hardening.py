"""What strangers, other origins, odd paths and other users of the machine get from a real server: nothing."""

from __future__ import annotations

import sqlite3
import stat
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from verification_ui.queue.client import LabelStudioClient
from verification_ui.queue.tokens import is_personal, signed
from verification_ui.server.server import ServerProblem, find_executable, refuse_links, started

pytestmark = pytest.mark.labelstudio

PICTURE = cv2.imencode(".jpg", np.zeros((8, 8, 3), dtype=np.uint8))[1].tobytes()


def fetch(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers, the path exactly as it is given."""
    request = urllib.request.Request(url, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as reply:
            return reply.status, reply.read(), dict(reply.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


@pytest.fixture
def signed_in(served_run: Any) -> dict[str, str]:
    return {"Authorization": header_of(served_run.server)}


@pytest.fixture
def picture(served_run: Any, signed_in: dict[str, str]) -> str:
    """Path of a picture that is served to who is signed in."""
    (served_run.run.path / "media/queue/probe.jpg").write_bytes(PICTURE)
    with LabelStudioClient(served_run.server.url, served_run.server.credentials.token) as client:
        queue = client.open_queue("hardening", '<View><Text name="t" value="$t"/></View>', "")
        queue.serve_media(served_run.run.path / "media/queue")
    assert fetch(f"{served_run.server.url}/data/local-files/?d=queue/probe.jpg", **signed_in)[1] == PICTURE
    return "/data/local-files/?d=queue/probe.jpg"


def header_of(server: Any) -> str:
    with signed(server.url, server.credentials.token) as session:
        return str(session.get("/api/current-user/whoami").request.headers["Authorization"])


def secrets_of(served_run: Any) -> list[str]:
    credentials = served_run.server.credentials
    signing_key = (served_run.run.path / "review/data/.env").read_text().strip().split("=", 1)[1]
    return [credentials.password, credentials.token, credentials.token.split(".")[-1], signing_key]


def test_it_listens_on_an_address_of_its_own_on_loopback(served_run: Any) -> None:
    process = psutil.Process(served_run.server.process.pid)
    family = [process, *process.children(recursive=True)]
    listening = {c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {urlsplit(served_run.server.url).hostname}
    assert listening != {served_run.page.host}
    assert all(ip_address(ip).is_loopback for ip in (*listening, served_run.page.host))


@pytest.mark.parametrize("path", ["/api/projects/", "/api/tasks/", "/api/users/", "/api/dm/views/", "/api/token/"])
def test_strangers_get_nothing_from_the_interface(served_run: Any, path: str) -> None:
    assert fetch(f"{served_run.server.url}{path}")[0] == 401


def test_strangers_get_no_picture_and_no_account(served_run: Any, picture: str) -> None:
    url = served_run.server.url
    assert fetch(f"{url}{picture}")[1] != PICTURE
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as stranger:
        stranger.get("/user/signup/")
        form = {"email": "a@b.org", "password": "0123456789ab", "csrfmiddlewaretoken": stranger.cookies["csrftoken"]}
        assert stranger.post("/user/signup/", data=form).status_code == 403


def test_other_origins_may_not_read_what_a_browser_gets(
    served_run: Any, picture: str, signed_in: dict[str, str]
) -> None:
    for path in ("/api/projects/", picture, "/user/login/"):
        headers = fetch(f"{served_run.server.url}{path}", Origin="https://evil.example", **signed_in)[2]
        assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_a_form_of_another_origin_logs_nobody_in(served_run: Any) -> None:
    credentials = served_run.server.credentials
    with httpx.Client(base_url=served_run.server.url, trust_env=False, timeout=30) as browser:
        browser.get("/user/login/")
        form = {"email": credentials.email, "password": credentials.password}
        assert browser.post("/user/login/", data=form).status_code == 403
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        reply = browser.post("/user/login/", data=form, headers={"Origin": "https://evil.example"})
        assert reply.status_code == 403


def test_it_answers_to_no_other_name(served_run: Any, signed_in: dict[str, str]) -> None:
    assert fetch(f"{served_run.server.url}/api/projects/", Host="evil.example", **signed_in)[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        "../review/credentials.json", "queue/../../review/credentials.json", "/etc/passwd", "..%2frun.yaml",
        "queue/%2e%2e/%2e%2e/run.yaml", "queue/..%252f..%252frun.yaml", "queue/....//....//run.yaml",
        "queue%00/../../run.yaml", "queue\\..\\..\\run.yaml", "file:///etc/passwd", "",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_media_folder(
    served_run: Any, picture: str, signed_in: dict[str, str], path: str
) -> None:
    safe = urllib.parse.quote(path, safe="/%:")
    status, body, _ = fetch(f"{served_run.server.url}/data/local-files/?d={safe}", **signed_in)
    assert status >= 400
    assert b"run_id" not in body
    assert b"root:" not in body
    assert not [secret for secret in secrets_of(served_run) if secret.encode() in body]


def test_a_link_in_the_media_folder_stops_the_server_and_the_push(tmp_path: Path) -> None:
    media = tmp_path / "media"
    (media / "queue").mkdir(parents=True)
    refuse_links(media)
    (media / "queue/out").symlink_to("/etc")
    with pytest.raises(ServerProblem, match=r"media/queue/out is a symbolic link, which could show other files"):
        refuse_links(media)
    with pytest.raises(ServerProblem, match="is a symbolic link"), started(tmp_path / "review", media, port=0):
        pass


def test_legacy_tokens_are_off_and_the_first_one_is_dead(served_run: Any) -> None:
    url, credentials = served_run.server.url, served_run.server.credentials
    assert is_personal(credentials.token)
    assert fetch(f"{url}/api/projects/", Authorization=f"Token {credentials.first_token}")[0] == 401


def test_other_processes_see_no_secret_that_works(served_run: Any) -> None:
    """Arguments are for everybody to read; the environment is for the same user only, and holds dead secrets."""
    credentials = served_run.server.credentials
    for process in [p for p in psutil.process_iter() if p.is_running()]:
        for file in ("cmdline", "environ"):
            try:
                text = Path(f"/proc/{process.pid}/{file}").read_bytes()
            except OSError:
                continue
            assert credentials.password.encode() not in text
            assert credentials.token.encode() not in text
    environ = Path(f"/proc/{served_run.server.process.pid}/environ").read_bytes()
    given = dict(entry.split(b"=", 1) for entry in environ.split(b"\0") if b"=" in entry)
    with httpx.Client(base_url=served_run.server.url, trust_env=False, timeout=30) as browser:
        browser.get("/user/login/")
        form = {"email": credentials.email, "password": given[b"LABEL_STUDIO_PASSWORD"].decode()}
        browser.post("/user/login/", data={**form, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        assert browser.get("/api/projects/").status_code == 401


def test_no_secret_is_in_the_log_or_in_the_run_outside_its_private_folder(
    served_run: Any, review: Callable[..., str]
) -> None:
    run, credentials = served_run.run.path, served_run.server.credentials
    with httpx.Client(base_url=served_run.server.url, trust_env=False, timeout=30, follow_redirects=True) as browser:
        browser.get("/user/login/")
        form = {"email": credentials.email, "password": credentials.password}
        browser.post("/user/login/", data={**form, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        assert browser.get("/api/projects/").status_code == 200
    review("push", run)
    review("pull", run)
    assert CliRunner().invoke(app, ["report", "--run", str(run)]).exit_code in (0, 3)
    outside = [p for p in run.rglob("*") if p.is_file() and "review" not in p.relative_to(run).parts]
    assert run / "report/index.html" in outside
    for path in [run / "review/server.log", *outside]:
        content = path.read_bytes()
        assert not [secret for secret in secrets_of(served_run) if secret.encode() in content], path


def test_the_private_folder_is_private(served_run: Any) -> None:
    folder = served_run.run.path / "review"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p for p in folder.rglob("*") if p.is_file() and p.stat().st_mode & 0o077] == []


def test_the_server_learns_nothing_of_the_repository_around_the_run(served_run: Any) -> None:
    """Label Studio would keep the commit of that repository in a file of its own, and tell it to strangers."""
    (kept,) = find_executable().parents[1].glob("lib/python3*/site-packages/label_studio/core/version_.py")
    assert kept.stat().st_mtime < psutil.Process(served_run.server.process.pid).create_time()
    assert b"1.23" in fetch(f"{served_run.server.url}/api/version")[1]


def test_the_database_writes_ahead(served_run: Any) -> None:
    """Readers do not wait for writers; the mode is kept in the file."""
    database = sqlite3.connect(served_run.run.path / "review/data/label_studio.sqlite3")
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
