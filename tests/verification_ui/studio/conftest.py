"""The real command serving a studio, and a person at its page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
QUICK = ("--segmenter", "grabcut", "--propagator", "flow", "--no-repair")
_START_TIMEOUT_S = 120


@dataclass
class Command:
    """``pointvos studio`` as a process.

    Attributes:
        videos: what it is given.
        run: its run folder.
        options: more of the command line.
    """

    videos: Path
    run: Path
    options: tuple[str, ...] = QUICK
    process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it; returns its one-time link."""
        file = self.run / "studio" / "link.txt"
        file.unlink(missing_ok=True)
        arguments = ["studio", str(self.videos), "--run", str(self.run), "--no-browser", *self.options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ},
        )  # fmt: skip
        end = time.monotonic() + _START_TIMEOUT_S
        while not file.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the studio did not start: {self.stop()}")
            time.sleep(0.1)
        return file.read_text().strip()

    def kill(self) -> None:
        """End it as a power failure would."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def stop(self) -> str:
        """End it with Ctrl-C; returns what it printed."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[0]


@dataclass
class Person:
    """Somebody at the page.

    Attributes:
        page: the window.
        problems: what the browser complained of.
    """

    page: Any
    problems: list[str] = field(default_factory=list)

    @classmethod
    def enter(cls, browser: Any, link: str, size: tuple[int, int] = (1440, 900)) -> Person:
        """Open the link in a new window."""
        person = cls(browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page())
        person.page.on("console", lambda m: person.problems.append(m.text) if m.type == "error" else None)
        person.page.on("pageerror", lambda error: person.problems.append(str(error)))
        person.page.goto(link)
        person.page.wait_for_url("**/")
        person.ready()
        return person

    def ready(self) -> None:
        """Until the first frame is shown."""
        self.wait("studio.S.view && studio.picture.bitmap && studio.picture.centre")

    def wait(self, what: str, timeout_s: float = 60) -> Any:
        """Until an expression of the page is true."""
        script = f"() => {{ try {{ return {what}; }} catch {{ return false; }} }}"
        return self.page.wait_for_function(script, timeout=1000 * timeout_s).json_value()

    def see(self, what: str) -> Any:
        """The value of an expression of the page."""
        return self.page.evaluate(f"() => ({what})")

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the video is on the page."""
        found = self.page.evaluate("([x, y]) => studio.picture.toPage([x + 0.5, y + 0.5])", [x, y])
        return found[0], found[1]

    def click(self, x: float, y: float, button: str = "left") -> None:
        """Click a pixel of the video and wait for the masks."""
        self.page.mouse.click(*self.place(x, y), button=button)
        self.settle()

    def drag(self, start: tuple[float, float], *way: tuple[float, float], shift: bool = False) -> None:
        """Draw over the video."""
        if shift:
            self.page.keyboard.down("Shift")
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        for one in way:
            self.page.mouse.move(*self.place(*one), steps=4)
        self.page.mouse.up()
        if shift:
            self.page.keyboard.up("Shift")
        self.settle()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def settle(self) -> None:
        """Until everything that was drawn is answered."""
        self.wait("studio.S.hints.busy + studio.S.corrections.busy === 0")

    def go(self, frame: int) -> None:
        """Show a frame."""
        self.page.evaluate("([frame]) => studio.go(frame)", [frame])
        self.wait(f"studio.S.frame === {frame} && studio.S.frames.has({frame})")
