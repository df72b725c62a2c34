"""The whole way on a real clip with the default models."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import pytest

from schemas.elements import ObjectFrame
from schemas.masks import Mask
from tests.verification_ui.studio.conftest import REPOSITORY, Command, Person
from tests.verification_ui.studio.test_corrections_in_the_browser import IDLE, apply, changed, rounds_of
from tests.verification_ui.studio.test_studio_in_the_browser import masks_of, previewed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
N_FRAMES = 50
PATIENCE_S = 900
MOST_MS = 300
"""From a click to its mask."""
DOG, WOMAN = (600, 460), (270, 430)
LOCKED, CORRECTED = (30, 48), 40
CORRECTIONS = ((693, 433, "left"), (800, 600, "right"))
HANDLE = (640, 568, 692, 602)
"""Of the leash, on the corrected frame: x0, y0, x1, y1."""


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


def test_click_track_correct_add_remove_and_lose_nothing(command: Command, browser: Any, tmp_path: Path) -> None:
    person = Person.enter(browser, command.start())
    hint(person)
    times = [one["answered"] - one["start"] for one in person.see("studio.times()")]
    assert len(times) == 5
    person.wait("!studio.S.isResting")  # clicks on one object count against the others, whose masks come then
    shown = previewed(person, 0)
    track(person)
    first = masks_of(command.run)
    assert {object_id: first[object_id, 0].rle for object_id in "12"} == shown
    person.press("j")
    person.wait("studio.S.suggestion")

    lock(person)
    locked = masks_of(command.run)
    correct(person)
    person = in_the_middle_of_a_round(command, person)
    apply(person, 2, PATIENCE_S)
    second = masks_of(command.run)
    allowed = {("1", idx) for idx in range(LOCKED[0] + 1, LOCKED[1])}
    assert ("1", CORRECTED) in changed(locked, second) <= allowed
    outside = {key: mask for key, mask in locked.items() if key not in allowed}
    assert {key: mask for key, mask in second.items() if key not in allowed} == outside  # run lengths and all else
    assert second["1", CORRECTED].source == "human"
    assert {(m.object_id, m.frame_idx): m for m in rounds_of(command.run).at(1)} == locked
    assert {(m.object_id, m.frame_idx): m for m in rounds_of(command.run).at(0)} == first

    handle = add_the_handle(person)
    third = masks_of(command.run)
    assert {key[0] for key in changed(second, third)} == {"3"}
    assert third["3", CORRECTED].rle == handle
    remove_the_woman(command, person, third)
    command.kill()
    again = Command(command.videos, command.run, options=())
    person = entered_again(again, person)
    assert person.see("studio.S.view.lines.map(line => line.object_id)") == ["1", "2", "3"]
    again.stop()
    assert {key: mask.rle for key, mask in masks_of(command.run).items()} == {k: m.rle for k, m in third.items()}
    annotated = first_masks(command, tmp_path / "annotated")
    assert annotated == {("1", 0): shown["1"], ("2", 0): shown["2"], ("3", CORRECTED): handle}
    assert not person.problems
    assert median(times) <= MOST_MS, times


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


def track(person: Person) -> None:
    person.press("t")
    person.wait("studio.S.masks.at.size > 12", PATIENCE_S)
    person.go(10)
    person.press("p")
    person.wait("studio.S.work.state === 'paused'")
    person.page.wait_for_timeout(500)
    n = person.see("studio.S.masks.at.size")
    person.page.wait_for_timeout(2000)
    assert person.see("studio.S.masks.at.size") == n
    person.press("p")
    person.wait("studio.S.work.state === 'tracking'")
    person.wait(IDLE, PATIENCE_S)


def lock(person: Person) -> None:
    person.press("1")
    for frame in LOCKED:
        person.go(frame)
        person.press("l")
        person.wait(f"studio.S.marked.get('{frame}/1') === 'lock'")
    apply(person, 1, PATIENCE_S)


def correct(person: Person) -> None:
    person.go(CORRECTED)
    for x, y, button in CORRECTIONS:
        person.click(x, y, button=button)


def in_the_middle_of_a_round(command: Command, person: Person) -> Person:
    """The server is killed while it works on a round, and started again."""
    before = masks_of(command.run)
    preview = person.see(f"studio.S.corrections.previews.get({CORRECTED}).masks[0].rle")
    person.press("Enter")
    person.wait("studio.S.work?.share > 0.3", PATIENCE_S)
    command.kill()
    person = entered_again(command, person)
    assert masks_of(command.run) == before
    person.wait("studio.S.corrections.all.size === 1")
    person.go(CORRECTED)
    person.wait(f"studio.S.corrections.previews.get({CORRECTED})?.masks[0].rle")
    assert person.see(f"studio.S.corrections.previews.get({CORRECTED}).masks[0].rle") == preview
    return person


def entered_again(command: Command, person: Person) -> Person:
    link = command.start()
    person.page.goto("about:blank")
    person.page.goto(link)
    person.page.wait_for_url(lambda url: "/enter" not in url)
    person.ready()
    person.problems.clear()  # of the time without a server
    return person


def add_the_handle(person: Person) -> str:
    """A third object from the middle on; returns its mask there."""
    person.go(CORRECTED)
    person.press("n")
    person.drag(HANDLE[:2], HANDLE[2:])
    person.wait(f"studio.S.marked.get('{CORRECTED}/3') === 'add' && !studio.S.isResting")
    (drawn,) = [m for m in person.see(f"studio.S.corrections.previews.get({CORRECTED}).masks") if m["object_id"] == "3"]
    apply(person, 3, PATIENCE_S)
    return str(drawn["rle"])


def remove_the_woman(command: Command, person: Person, before: dict[ObjectFrame, Mask]) -> None:
    """And take that back."""
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.press("2", "Delete")
    person.wait(f"studio.S.view.round === 4 && {IDLE}")
    assert masks_of(command.run) == {key: mask for key, mask in before.items() if key[0] != "2"}
    person.press("u")
    person.wait("studio.S.view.round === 5 && studio.S.hints.ids.length === 3")


def first_masks(command: Command, run: Path) -> dict[ObjectFrame, str]:
    """Of the hinted frames, by ``annotate`` from the file of hints."""
    hints = command.run / "hints.json"
    arguments = ["annotate", str(command.videos), "--localizations", str(hints), "--run", str(run)]
    subprocess.run([sys.executable, "-m", "pipeline", *arguments], cwd=REPOSITORY, check=True, capture_output=True)
    found = masks_of(run)
    return {key: found[key].rle for key in (("1", 0), ("2", 0), ("3", CORRECTED))}
