"""Pages of ours, running: in a thread of the command that serves them, and ended with it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from starlette.types import ASGIApp

from verification_ui.gate.access import Access, Page
from verification_ui.gate.app import Gate
from verification_ui.gate.media_files import MediaFiles
from verification_ui.gate.upstream import Upstream
from verification_ui.media.location import MediaPlace
from verification_ui.server.loopback import listening
from verification_ui.server.server import Server, ServerProblem

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Queue:
    """What the gate shows of a run.

    Attributes:
        folder: the private folder of the review.
        media: the run's media folder.
        titles: of its projects.
        place: where the pictures are.
    """

    folder: Path
    media: Path
    titles: Container[str]
    place: MediaPlace = field(default_factory=MediaPlace)


@contextmanager
def gate_open(server: Server, queue: Queue, page: Page, say: Callable[[str], None] = lambda _: None) -> Iterator[Page]:
    """Serve the review page while the block runs.

    Args:
        server: the private server, which is up.
        queue: what is shown.
        page: the address to prefer; another port is taken, and told, when somebody else has it.
        say: told what happens.

    Yields:
        Where the page is.

    Raises:
        ServerProblem: it cannot be served.
    """

    def application(page: Page) -> ASGIApp:
        upstream = Upstream(server.url, server.credentials.token, queue.folder)
        access = Access(queue.folder)
        return Gate(page, access, upstream, queue.titles, MediaFiles(queue.media), queue.place).application()

    with page_open(application, queue.folder, page, say) as now:
        yield now


@contextmanager
def page_open(
    application: Callable[[Page], ASGIApp], folder: Path, page: Page, say: Callable[[str], None] = lambda _: None
) -> Iterator[Page]:
    """Serve a page of ours while the block runs, in a thread.

    Args:
        application: makes the page for the address that it gets.
        folder: private folder of the page: its access file, its log.
        page: the address to prefer; another port is taken, and told, when somebody else has it.
        say: told what happens.

    Yields:
        Where the page is.

    Raises:
        ServerProblem: it cannot be served.
    """
    with _bound(page, say) as sock:
        page = Page(page.host, int(sock.getsockname()[1]))
        Access(folder).move(page)
        _log_to(folder / "page.log")
        config = uvicorn.Config(
            application(page), log_config=None, access_log=False, lifespan="on", ws="none", server_header=False,
            proxy_headers=False, timeout_graceful_shutdown=_STOP_TIMEOUT_S,
        )  # fmt: skip
        serving = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(serving.serve([sock])), name="page", daemon=True)
        thread.start()
        try:
            _wait_until_up(serving, thread, folder)
            yield page
        finally:
            serving.should_exit = True
            thread.join(_STOP_TIMEOUT_S + 5)


def link(page: Page, email: str, token: str, at: str = "") -> str:
    """The address that lets ``email`` in once; its secret stands after the #, which no browser sends anywhere.

    ``at`` is what stands after the # of the page that it leads to.
    """
    given = {"email": email, "link": token} | ({"at": at} if at else {})
    return f"{page.origin}/enter#{urlencode(given)}"


@contextmanager
def _bound(page: Page, say: Callable[[str], None]) -> Iterator[socket.socket]:
    for port in (page.port, 0):
        try:
            sock = listening(page.host, port)
        except OSError as problem:
            if not port:
                raise ServerProblem(
                    f"cannot listen on {page.host} ({problem.strerror}); name another address, like --host 127.0.0.1"
                ) from None
            say(f"Port {port} of {page.host} is busy; using another.")
            continue
        with sock:
            yield sock
        return


def _wait_until_up(serving: uvicorn.Server, thread: threading.Thread, folder: Path) -> None:
    end = time.monotonic() + _START_TIMEOUT_S
    while not serving.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise ServerProblem(f"the page did not start; its log is {folder / 'page.log'}")
        time.sleep(0.02)


def _log_to(path: Path) -> None:
    """Warnings and failures of the gate into a file that only its owner reads."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    logger = logging.getLogger("uvicorn.error")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
