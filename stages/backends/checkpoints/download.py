"""One file over HTTP: it goes on where it broke off, believes no length, and gives up after a bounded time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from stages.backends.checkpoints.checksums import CHUNK, OnProgress, no_progress
from stages.backends.checkpoints.disk import require_space
from stages.backends.checkpoints.errors import DownloadError

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_PROGRESS = 1 << 20
"""Bytes by which the file must have grown for the failures to be counted from zero."""


@dataclass(frozen=True, slots=True)
class Retry:
    """When to give up.

    Attributes:
        attempts: failures in a row without real progress.
        wait_s: pause after the first failure; it doubles with each further one.
        timeout_s: how long a connection may be silent.
    """

    attempts: int = 5
    wait_s: float = 1.0
    timeout_s: float = 30.0


RETRY = Retry()


class _InterruptedError(Exception):
    """Worth another attempt."""


def download(
    url: str,
    part: Path,
    *,
    n_bytes: int | None = None,
    on_progress: OnProgress = no_progress,
    retry: Retry = RETRY,
) -> None:
    """Bring ``url`` into ``part``, going on from what is there already.

    Beside ``part`` stands ``<part>.json`` with the address and the server's validator, so that a file that changed on
    the server is started over. The caller checks the digest and removes both.

    Args:
        url: http or https address.
        part: the file; it may hold the beginning of the same address.
        n_bytes: its exact size where that is known; a server that offers another is not believed.
        on_progress: told bytes done and in all.
        retry: how often and how long.

    Raises:
        DownloadError: the server refused, offers another file, or broke off too often. What came is kept.
        OSError: the file cannot be written.
    """
    transfer = _Transfer(url, part, n_bytes, on_progress, retry.timeout_s)
    best, failures = transfer.have, 0
    while True:
        try:
            return transfer.attempt()
        except _InterruptedError as problem:
            failures = 1 if transfer.have >= best + _PROGRESS else failures + 1
            best = max(best, transfer.have)
            if failures >= retry.attempts:
                raise DownloadError(
                    f"{url} was interrupted {failures} times, last at {transfer.have:,} bytes ({problem}); run the "
                    "same command later to resume, or download the file yourself and give it with --from FILE"
                ) from None
            time.sleep(retry.wait_s * 2 ** (failures - 1))


@dataclass(frozen=True, slots=True)
class _Transfer:
    url: str
    part: Path
    n_bytes: int | None
    on_progress: OnProgress
    timeout_s: float

    @property
    def have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def attempt(self) -> None:
        """One request; returns when the file is complete as far as its length tells."""
        start, validator = self._resumable()
        if start and start == self.n_bytes:
            return
        with self._request(start, validator) as response:
            start = self._accepted(response, start)
            total = start + int(length) if (length := response.headers["Content-Length"]) else None
            if self.n_bytes is not None and total not in (None, self.n_bytes):
                raise DownloadError(
                    f"{self.url} offers {total:,} bytes instead of {self.n_bytes:,}: not the official file, or a "
                    "page of a proxy; download the file yourself and give it with --from FILE"
                )
            require_space(self.part.parent, (total or self.n_bytes or 0) - start)
            self._remember(response)
            self._receive(response, start, total or self.n_bytes)

    def _resumable(self) -> tuple[int, str]:
        """How much of this address is there, and the validator that came with it."""
        try:
            known = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0, ""
        return (self.have, known["validator"]) if known.get("url") == self.url else (0, "")

    @property
    def _memory(self) -> Path:
        return self.part.with_name(self.part.name + ".json")

    def _remember(self, response: HTTPResponse) -> None:
        etag = response.headers["ETag"] or ""
        validator = etag if etag and not etag.startswith("W/") else response.headers["Last-Modified"] or ""
        self._memory.write_text(json.dumps({"url": self.url, "validator": validator}), encoding="utf-8")

    def _request(self, start: int, validator: str) -> HTTPResponse:
        headers = {"User-Agent": "pointvos", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            headers |= {"If-Range": validator} if validator else {}
        try:
            return cast(HTTPResponse, urlopen(Request(self.url, headers=headers), timeout=self.timeout_s))  # noqa: S310
        except HTTPError as answer:
            answer.close()
            if answer.code == 416:
                self.part.unlink(missing_ok=True)
                raise _InterruptedError("the server has less than was fetched before") from None
            if answer.code in _TRANSIENT:
                raise _InterruptedError(f"the server answered {answer.code} {answer.reason}") from None
            raise DownloadError(
                f"{self.url} answered {answer.code} {answer.reason}; download the file yourself and give it with "
                "--from FILE, or name a mirror with --from URL"
            ) from None
        except (URLError, HTTPException, OSError) as problem:
            raise _InterruptedError(str(getattr(problem, "reason", problem)) or type(problem).__name__) from None

    def _accepted(self, response: HTTPResponse, start: int) -> int:
        """Where the body begins: ``start`` when the server goes on, 0 when it sends the whole file."""
        if response.status != 206:
            return 0
        if not (response.headers["Content-Range"] or "").startswith(f"bytes {start}-"):
            self.part.unlink(missing_ok=True)
            raise _InterruptedError(f"asked for bytes from {start}, got {response.headers['Content-Range']}")
        return start

    def _receive(self, response: HTTPResponse, start: int, total: int | None) -> None:
        done = start
        with self.part.open("r+b" if start else "wb") as file:
            file.seek(start)
            for chunk in _chunks(response):
                file.write(chunk)
                done += len(chunk)
                self.on_progress(done, total)
                if total is not None and done > total:
                    raise DownloadError(f"{self.url} sends more than {total:,} bytes: not the official file")
        if total is not None and done < total:
            raise _InterruptedError(f"the connection ended after {done:,} of {total:,} bytes")


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            chunk = response.read1(CHUNK)
        except (HTTPException, OSError) as problem:
            raise _InterruptedError(str(problem) or type(problem).__name__) from None
        if not chunk:
            return
        yield chunk
