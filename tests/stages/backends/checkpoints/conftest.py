"""A server that misbehaves on request, and a checkpoint that lies on it."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from stages.backends.checkpoints.catalog import CHECKPOINTS, Checkpoint

CONTENT = np.random.default_rng(0).bytes(3_000_000)


@dataclass
class Answer:
    """How one request is answered."""

    status: int = 0
    cut: int | None = None
    """Send so many bytes of the body only, then drop the connection."""
    says: int | None = None
    """Claim this length of the body."""
    no_length: bool = False
    other_range: bool = False
    stall: bool = False


@dataclass
class Shelf:
    """What the server has and how it behaves; requests beyond the script are answered well."""

    content: bytes = CONTENT
    etag: str = '"v1"'
    ranges: bool = True
    script: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def start_of(self, wanted: str, condition: str | None) -> int:
        if not (self.ranges and wanted) or (condition is not None and condition != self.etag):
            return 0
        return int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        shelf = self.server.shelf
        answer = shelf.script.pop(0) if shelf.script else Answer()
        wanted = self.headers.get("Range", "")
        shelf.asked.append(wanted)
        if answer.stall:
            self.server.stop.wait(10)
            return
        if answer.status:
            self.send_error(answer.status)
            return
        self.send_body(shelf, answer, shelf.start_of(wanted, self.headers.get("If-Range")))

    def send_body(self, shelf, answer, start):
        if start >= len(shelf.content):
            self.send_error(416)
            return
        body = shelf.content[start:]
        self.send_response(206 if start else 200)
        if start:
            first = start + 7 if answer.other_range else start
            self.send_header("Content-Range", f"bytes {first}-{len(shelf.content) - 1}/{len(shelf.content)}")
        if shelf.etag:
            self.send_header("ETag", shelf.etag)
        if not answer.no_length:
            self.send_header("Content-Length", str(answer.says if answer.says is not None else len(body)))
        self.end_headers()
        self.wfile.write(body[: answer.cut])


@pytest.fixture
def answer() -> type[Answer]:
    """Makes scripted answers."""
    return Answer


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A running server on 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.shelf, server.stop = Shelf(), threading.Event()
        server.shelf.url = f"http://127.0.0.1:{server.server_port}/weights.pth"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.shelf
        server.stop.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv("POINTVOS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "checkpoints"


@pytest.fixture
def pinned(shelf, cache, monkeypatch) -> Checkpoint:
    """A checkpoint of known size and SHA-256 on the server."""
    checkpoint = Checkpoint(
        "toy", ("segmenter",), shelf.url, "CC0-1.0", len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest()
    )
    monkeypatch.setitem(CHECKPOINTS, "toy", checkpoint)
    return checkpoint
