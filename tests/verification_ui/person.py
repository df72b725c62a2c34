"""A person at work: a real browser, logged in by a link, moved by keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = Path(os.environ.get("POINTVOS_CHROMIUM", "/usr/bin/chromium"))
_ARGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_KEY_MS = 70
_SETTLE_MS = 250
_INSTRUCTIONS = ".lsf-modal-ls_visible"
_READY = "() => window.Htx && Htx.task && Htx.task.id && !Htx.isLoading"
SHOWN = {"contact_sheet": ".pv-tile", "frame": "canvas", "single": ".pv-crop", "second_look": ".pv-crop"}
"""What is there when a task of a design can be answered."""


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser.

    Raises:
        ImportError: Playwright is not installed.
        FileNotFoundError: there is no browser.
    """
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.is_file():
        raise FileNotFoundError(f"no browser at {CHROMIUM}; install Debian's chromium or set POINTVOS_CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=_ARGS)
        yield browser
        browser.close()


class Person:
    """Somebody with a log-in link and a window of their own.

    Attributes:
        email: by which verdicts name them.
        page: the window.
        n_keys: keys pressed so far.
    """

    def __init__(self, browser: Any, link: str, email: str, size: tuple[int, int] = (1600, 900)) -> None:
        self.url, self.email, self.n_keys = link.split("/enter#", maxsplit=1)[0], email, 0
        self.page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
        self.page.goto(link)
        self.page.wait_for_url(f"{self.url}/")

    def choose_queue(self, title: str, design: str) -> None:
        """Begin to work from the page that the log-in link leads to."""
        self.page.click(f"li a:has-text('{title}')")
        self._wait(design)

    def open(self, project_id: int, design: str) -> None:
        """Begin to work, or go on."""
        self.page.goto(f"{self.url}/projects/{project_id}/data?labeling=1")
        self._wait(design)

    def reopen(self, project_id: int, task_id: int, design: str) -> None:
        """Look again at what one answered before."""
        self.page.goto(f"{self.url}/projects/{project_id}/data?task={task_id}")
        self._wait(design)
        self.page.click(f".lsf-annotation-button:has-text('{self.email}')")
        self.page.wait_for_timeout(_SETTLE_MS)

    def asked(self) -> tuple[int, str]:
        """Server's id and our key of the task in view."""
        task_id, key = self.page.evaluate("() => [Htx.task.id, JSON.parse(Htx.task.data).task_key]")
        return int(task_id), str(key)

    def wait_for(self, task_key: str, design: str) -> None:
        """Until this task is asked."""
        self.page.wait_for_function(f"() => Htx.task && Htx.task.data && Htx.task.data.includes('{task_key}')")
        self._wait(design)

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.n_keys += 1
            self.page.wait_for_timeout(_KEY_MS)

    def submit(self) -> None:
        """Enter, and the server has taken it."""
        self._answer("Enter", "POST", 201)

    def skip(self) -> None:
        """Leave the task to others."""
        self._answer("Control+Space", "POST", 201)

    def update(self) -> None:
        """Enter on an answer that is there."""
        self._answer("Enter", "PATCH", 200)

    def next(self, design: str, task_id: int) -> None:
        """Wait until another task than this one is asked."""
        self.page.wait_for_function(f"() => Htx.task && Htx.task.id && Htx.task.id !== {task_id}")
        self._wait(design)

    def delete(self) -> None:
        """Take back the answer in view; Label Studio has no key for it."""
        self.page.click(f".lsf-annotation-button:has-text('{self.email}') .lsf-annotation-button__trigger")
        self.page.click("text=Delete Annotation")
        with self.page.expect_response(lambda r: r.request.method == "DELETE") as reply:
            self.page.click("button[aria-label=Delete]")
        assert reply.value.status == 204

    def pictures_are_loaded(self) -> None:
        """Wait for them."""
        loaded = "() => [...document.querySelectorAll('.pv-picture img')].every(i => i.complete && i.naturalWidth > 0)"
        self.page.wait_for_function(loaded)
        self.page.wait_for_timeout(_SETTLE_MS)

    def _answer(self, key: str, method: str, status: int) -> None:
        with self.page.expect_response(lambda r: r.request.method == method and "/annotations" in r.url) as reply:
            self.press(key)
        assert reply.value.status == status

    def _wait(self, design: str) -> None:
        self.page.wait_for_function(_READY)
        self.page.wait_for_selector(SHOWN[design])
        self.page.wait_for_timeout(_SETTLE_MS)
        if self.page.locator(_INSTRUCTIONS).count():
            self.page.keyboard.press("Enter")
            self.page.wait_for_selector(_INSTRUCTIONS, state="detached")
