"""A real HTTP proxy on loopback that does to requests what networks and servers do on bad days."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

FAULTS = ("dropped", "unavailable", "reply lost", "reply cut", "reply late", "request late")
"""Closed without forwarding; answered 503; forwarded and closed; forwarded and half a reply given; forwarded and the
reply kept back until the client has given up; the same with the request."""

_ONE_WRITER = threading.Lock()
"""Of all proxies: beside other writers Label Studio on SQLite holds an import back for 3, 9, 21 seconds by itself."""
_NOT_FORWARDED = {"host", "connection", "keep-alive", "transfer-encoding", "content-length"}


class FaultProxy(ThreadingHTTPServer):
    """Stands before ``upstream``; every request meets a fault with probability ``rate``, the same for the same seed."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str, seed: int, rate: float, late_s: float, faults: Sequence[str] = FAULTS) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.late_s, self.faults, self.rate = upstream, late_s, faults, rate
        self.met: Counter[str] = Counter()
        self._random, self._lock, self._n_in_flight = random.Random(seed), threading.Lock(), 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fate(self) -> str:
        with self._lock:
            fate = self._random.choice(self.faults) if self._random.random() < self.rate else "fine"
            self.met[fate] += 1
            return fate

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        with self._lock:
            self._n_in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_in_flight -= 1

    def drain(self) -> None:
        """Wait until the server has answered everything that was forwarded, heard or not."""
        while self._n_in_flight:
            time.sleep(0.02)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fate = self.server.fate()
        self.close_connection = fate != "fine"
        with self.server.in_flight(), suppress(ConnectionError):
            if fate == "unavailable":
                self._reply(503, [], b"try again later")
            elif fate != "dropped":
                self._forward(body, fate)

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _forward(self, body: bytes, fate: str) -> None:
        if fate == "request late":
            time.sleep(self.server.late_s)
        try:
            with nullcontext() if self.command == "GET" else _ONE_WRITER:
                status, headers, content = self._ask(body)
        except OSError:
            self.close_connection = True
            return
        if fate == "reply late":
            time.sleep(self.server.late_s)
        if fate in ("fine", "reply late", "request late"):
            self._reply(status, headers, content)
        elif fate == "reply cut":
            self._reply(status, headers, content, shown=len(content) // 2)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        server = urlsplit(self.server.upstream)
        connection = http.client.HTTPConnection(str(server.hostname), server.port, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _NOT_FORWARDED}
        try:
            connection.request(self.command, self.path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            connection.close()

    def _reply(self, status: int, headers: list[tuple[str, str]], content: bytes, shown: int | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _NOT_FORWARDED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content[:shown])
        self.wfile.flush()


@contextmanager
def fault_proxy(
    upstream: str, seed: int = 0, rate: float = 0.3, late_s: float = 3.0, faults: Sequence[str] = FAULTS
) -> Iterator[FaultProxy]:
    """A running proxy."""
    proxy = FaultProxy(upstream, seed, rate, late_s, faults)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
