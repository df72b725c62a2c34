"""The whole way on a real clip with the default models; the pictures of the docs come from here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import pytest

from tests.verification_ui.studio.conftest import Command, Person
from tests.verification_ui.studio.test_corrections_in_the_browser import IDLE, apply, changed, rounds_of
from tests.verification_ui.studio.test_studio_in_the_browser import masks_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]
N_FRAMES = 72
MOST_MS = 300
"""From a click to its mask."""
DOG, WOMAN, LEASH = (600, 460), (270, 430), (690, 585)


def first_frames(clip: Path, path: Path) -> None:
    """The beginning of a clip, encoded anew."""
    path.parent.mkdir(parents=True)
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=30, options={"crf": "18", "preset": "veryfast"})
        film = source.streams.video[0]
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
        for frame in islice(source.decode(video=0), N_FRAMES):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")))
        target.mux(stream.encode())


@pytest.fixture
def command(shared_data: Path, tmp_path: Path) -> Iterator[Command]:
    first_frames(shared_data / "clips" / "01_dog.mp4", tmp_path / "clips" / "dog.mp4")
    command = Command(tmp_path / "clips", tmp_path / "run", options=())
    yield command
    if command.process is not None and command.process.poll() is None:
        command.stop()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: the folder named in POINTVOS_PICTURES, for the docs."""
    folder = Path(os.environ.get("POINTVOS_PICTURES", tmp_path / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_click_watch_and_correct(command: Command, browser: Any, pictures: Path) -> None:
    person = Person.enter(browser, command.start())
    hint(person)
    times = [one["answered"] - one["start"] for one in person.see("studio.times()")]
    assert len(times) == 5
    assert median(times) <= MOST_MS, times
    shot(person, pictures / "studio-hints.jpg")
    person.press("t")
    person.wait("studio.S.masks.at.size > 12", 300)
    person.go(10)
    shot(person, pictures / "studio-tracking.jpg")
    person.press("p")
    person.wait("studio.S.work.state === 'paused'")
    person.press("p")
    person.wait(IDLE, 600)
    first = masks_of(command.run)
    person.press("j")
    person.wait("studio.S.look")
    shot(person, pictures / "studio-next.jpg")
    correct(person, pictures)
    second = masks_of(command.run)
    assert {key[0] for key in changed(first, second)} == {"1"}
    assert second["1", 40].source == "human"
    assert {(m.object_id, m.frame_idx): m for m in rounds_of(command.run).at(0)} == first
    assert not person.problems


def hint(person: Person) -> None:
    person.wait("studio.S.view.is_whole")
    person.page.wait_for_timeout(1500)  # somebody looks at the frame before clicking
    person.click(*DOG)
    person.click(DOG[0] - 60, DOG[1])
    person.click(800, 500, button="right")
    name(person, "1", "dog")
    person.press("n")
    person.click(*WOMAN)
    person.click(WOMAN[0] + 30, WOMAN[1] - 70)
    name(person, "2", "woman")


def name(person: Person, object_id: str, text: str) -> None:
    person.press(object_id, "r")
    person.page.keyboard.type(text)
    person.press("Enter")


def correct(person: Person, pictures: Path) -> None:
    person.press("1")
    person.go(40)
    person.click(*DOG)
    person.click(800, 600, button="right")
    shot(person, pictures / "studio-correction.jpg")
    apply(person, 1)
    person.go(45)
    shot(person, pictures / "studio-round.jpg")


def shot(person: Person, path: Path) -> None:
    person.page.wait_for_timeout(800)
    person.page.screenshot(path=str(path), type="jpeg", quality=82)
