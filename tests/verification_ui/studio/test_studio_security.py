"""What reaches the studio's service: the page that was entered, and nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.pipeline.conftest import write_video
from tests.verification_ui.gate.conftest import entered
from tests.verification_ui.studio.conftest import Command

CALLS = [
    ("GET", "/api/videos"), ("GET", "/api/videos/0"), ("GET", "/api/videos/0/thumbnail"),
    ("GET", "/api/videos/0/frames/0"), ("GET", "/api/videos/0/preview/0"), ("GET", "/api/videos/0/plan"),
    ("GET", "/api/videos/0/masks?start=0&stop=9"), ("GET", "/api/events"), ("POST", "/api/videos/0/hints"),
    ("POST", "/api/videos/0/rename"), ("POST", "/api/videos/0/delete"), ("POST", "/api/videos/0/track"),
    ("POST", "/api/work/stop"),
]  # fmt: skip


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    folder = tmp_path_factory.mktemp("studio")
    write_video(folder / "clips" / "a.mp4")
    command = Command(folder / "clips", folder / "run")
    yield command
    if command.process is not None:
        command.stop()


@pytest.fixture(scope="module")
def link(command: Command) -> str:
    return command.start()


@pytest.fixture(scope="module")
def page(link: str) -> Iterator[httpx.Client]:
    with closing(entered(link)) as http:
        yield http


def test_a_link_opens_the_page_once(page: httpx.Client, link: str) -> None:
    assert page.get("/").status_code == 200
    secret = link.split("link=")[1]
    again = page.post("/enter", json={"email": "studio", "link": secret})
    assert again.status_code == 403
    assert "used before" in again.json()["detail"]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_call_needs_the_key_the_cookie_the_host_and_the_origin(page: httpx.Client, method: str, path: str) -> None:
    good = {"X-Pointvos-Key": page.headers["X-Pointvos-Key"], "Origin": page.headers["Origin"]}
    cookies = dict(page.cookies)
    refused = [
        (good, {}, 401),
        ({**good, "X-Pointvos-Key": "guessed"}, cookies, 403),
        ({"Origin": good["Origin"]}, cookies, 403),
        ({**good, "Host": "studio.example.org"}, cookies, 403),
        ({**good, "Host": "localhost:" + good["Origin"].rsplit(":", 1)[1]}, cookies, 403),
        ({**good, "Origin": "http://example.org"}, cookies, 403),
        ({**good, "Origin": "null"}, cookies, 403),
        ({**good, "Sec-Fetch-Site": "cross-site"}, cookies, 403),
    ]
    for headers, own, status in refused:
        with httpx.Client(base_url=str(page.base_url), cookies=own, trust_env=False) as other:
            reply = other.request(method, path, headers=headers, json={} if method == "POST" else None)
        assert reply.status_code == status, (headers, reply.text)


def test_a_change_without_an_origin_is_refused(page: httpx.Client) -> None:
    with httpx.Client(base_url=str(page.base_url), cookies=dict(page.cookies), trust_env=False) as other:
        reply = other.post("/api/work/stop", headers={"X-Pointvos-Key": page.headers["X-Pointvos-Key"]}, json={})
    assert reply.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/studio/../service.py", "/studio/service.py", "/studio/page.html", "/studio/%2e%2e%2fdesk.py", "//etc/passwd",
        "/studio/..%2f..%2frun.yaml", "/api/videos/0/frames/..%2f..%2frun.yaml", "/api/videos/../../etc/passwd",
        "/api/videos/0/frames/-1", "/static/x", "/api/videos/0/frames/99999999999", "/api/videos/7",
        "/api/videos/7/frames/0", "/api/videos/0/masks?start=../1", "/pointvos/..%2fapp.py",
    ],
)  # fmt: skip
def test_paths_that_lead_elsewhere_get_nothing(page: httpx.Client, path: str) -> None:
    assert page.get(path).status_code in (400, 403, 404)


def test_a_raw_path_with_dots_gets_nothing(page: httpx.Client) -> None:
    """As no client library would send it."""
    host, port = page.base_url.host, page.base_url.port
    for target in ("/studio/../../../../etc/passwd", "/../run.yaml", "/studio/..\\..\\run.yaml"):
        with socket.create_connection((host, port)) as raw:
            raw.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
        assert answer.split(b" ", 2)[1] in (b"400", b"401", b"403", b"404")
        assert b"root:" not in answer


@pytest.mark.parametrize(
    "body",
    [
        [], {}, {"object_id": 1}, {"object_id": "0"}, {"object_id": "x" * 300},
        {"object_id": "a\nb", "points": [[1, 2, 1]]}, {"object_id": " ", "points": [[1, 2, 1]]},
        {"points": [[1, 2]]},
        {"box": [5, 5, 5, 9]},
        {"points": [[1, 2, 3]]}, {"points": [["a", 2, 1]]}, {"points": [[1e300, 2, 1]]}, {"points": [[True, 2, 1]]},
        {"frame_idx": 1.5}, {"frame_idx": -1}, {"frame_idx": 5000, "points": [[1, 2, 1]]}, {"strokes": [[]]},
        {"points": [[1, 2, 1]], "name": "a\nb"}, {"points": [[1, 2, 1]], "name": 7},
    ],
)  # fmt: skip
def test_hints_that_no_page_sends_are_refused_and_write_nothing(
    page: httpx.Client, command: Command, body: object
) -> None:
    file = command.run / "hints.json"
    before = file.read_bytes() if file.exists() else None
    sent = {"object_id": "1", "frame_idx": 0, **body} if isinstance(body, dict) and body else body
    reply = page.post("/api/videos/0/hints", json=sent)
    assert reply.status_code in (400, 404)
    assert reply.json()["detail"]
    assert (file.read_bytes() if file.exists() else None) == before


@pytest.mark.parametrize("act", ["rename", "delete", "absent", "lock"])
@pytest.mark.parametrize("body", [[], 7, {}, {"object_id": []}, {"object_id": "1", "frame_idx": "0"}, {"frame_idx": 0}])
def test_what_is_asked_of_an_object_that_is_none_is_refused(page: httpx.Client, act: str, body: object) -> None:
    if act == "delete" and body == {"object_id": "1", "frame_idx": "0"}:
        body = {"object_id": "0"}
    if act == "rename" and isinstance(body, dict):
        body = {**body, "name": 7}
    reply = page.post(f"/api/videos/0/{act}", json=body)
    assert reply.status_code == 400, reply.text
    assert reply.json()["detail"]


def test_no_other_protocol_leads_in(page: httpx.Client) -> None:
    """A WebSocket, an address in the place of a path, two hosts, no host."""
    host, port = page.base_url.host, page.base_url.port
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    own = f"Host: {host}:{port}\r\nCookie: {cookie}\r\n"
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + "A" * 22
    requests = [
        f"GET /api/events HTTP/1.1\r\n{own}{upgrade}==\r\n\r\n",
        f"GET http://example.org/api/videos HTTP/1.1\r\n{own}Connection: close\r\n\r\n",
        f"GET /api/videos HTTP/1.1\r\n{own}Host: example.org\r\nConnection: close\r\n\r\n",
        f"GET /api/videos HTTP/1.0\r\nCookie: {cookie}\r\n\r\n",
        f"OPTIONS /api/videos/0/track HTTP/1.1\r\n{own}Origin: http://example.org\r\nConnection: close\r\n\r\n",
        f"POST /api/videos/0/track HTTP/1.1\r\n{own}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}",
    ]
    for request in requests:
        with socket.create_connection((host, port), timeout=10) as raw:
            raw.sendall(request.encode())
            status = raw.recv(65536).split(b" ", 2)[1]
        assert status in (b"400", b"401", b"403", b"404", b"405"), (request, status)


def test_answers_forbid_frames_scripts_and_calls_of_other_sites(page: httpx.Client) -> None:
    for path in ("/", "/api/videos", "/studio/main.js"):
        headers = page.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_asks_nothing_of_the_outside() -> None:
    folder = Path(__file__).resolve().parents[3] / "verification_ui" / "studio"
    for file in [*folder.glob("*.js"), *folder.glob("*.css"), *folder.glob("*.html")]:
        content = file.read_text(encoding="utf-8")
        assert "http://" not in content, file
        assert "https://" not in content, file
        assert "innerHTML" not in content, file


def test_the_link_is_kept_from_others(command: Command, link: str) -> None:
    folder = command.run / "studio"
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "link.txt").stat().st_mode & 0o077 == 0
    assert link not in (command.run / "run.yaml").read_text()


def test_another_command_cannot_open_the_same_run(command: Command, link: str) -> None:
    other = Command(command.videos, command.run)
    file = command.run / "studio" / "link.txt"
    kept = file.read_text()
    with pytest.raises(RuntimeError, match="in use by another pointvos command"):
        other.start()
    file.write_text(kept)
