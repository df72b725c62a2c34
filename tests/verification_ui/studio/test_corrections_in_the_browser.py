"""Rounds of corrections at the page: only what was asked changes, everything can be taken back and read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.units import videos_of
from schemas.elements import ObjectFrame
from schemas.masks import Mask
from tests.verification_ui.studio.conftest import Command, Person
from tests.verification_ui.studio.test_studio_in_the_browser import (
    N_FRAMES,
    annotate,
    command,  # noqa: F401 - a fixture
    masks_of,
    squares,
    track,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
IDLE = "studio.S.work === null && studio.S.view.card.state === 'tracked'"


def rounds_of(run: Path) -> VideoRounds:
    (video,) = videos_of(RunFolder(run))
    return VideoRounds.read(RunFolder(run), video)


def changed(before: dict[ObjectFrame, Mask], after: dict[ObjectFrame, Mask]) -> set[ObjectFrame]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def apply(person: Person, number: int, timeout_s: float = 120) -> None:
    person.press("Enter")
    person.wait(f"studio.S.view.round === {number} && {IDLE}", timeout_s)


def lock(person: Person, object_id: str, frame_idx: int) -> None:
    person.press(object_id)
    person.go(frame_idx)
    person.press("l")
    person.wait(f"studio.S.marked.get('{frame_idx}/{object_id}') === 'lock'")


def restart(studio: Command, person: Person) -> None:
    """Kill the studio and open its page again."""
    studio.kill()
    person.page.goto(studio.start().split("/enter")[0])
    person.ready()


def masks_at(run: Path, number: int) -> dict[ObjectFrame, Mask]:
    """The masks as they were after a round."""
    return {(mask.object_id, mask.frame_idx): mask for mask in rounds_of(run).at(number)}


PLACES = "main, main > *, aside, #step, nav"
FITS = f"[...document.querySelectorAll('{PLACES}')].every(one => one.scrollWidth <= one.clientWidth)"
"""No part of the page is wider than its place."""


@pytest.fixture
def person(command: Command, browser: Any) -> Person:  # noqa: F811
    person = Person.enter(browser, command.start())
    person.click(*squares(0)["1"])
    person.press("n")
    person.click(*squares(0)["2"])
    track(person)
    return person


def test_a_round_changes_one_object_between_its_neighbours_and_is_taken_back(command: Command, person: Person) -> None:  # noqa: F811
    first = masks_of(command.run)
    lock(person, "1", 18)
    apply(person, 1)
    locked = masks_of(command.run)
    assert changed(first, locked) == {("1", 18)}
    assert (locked["1", 18].rle, locked["1", 18].source, locked["1", 18].round) == (first["1", 18].rle, "human", 1)

    person.go(9)
    x, y = squares(9)["1"]
    person.click(x - 10, y - 10, button="right")
    person.click(x + 3, y + 3)
    restart(command, person)
    person.wait("studio.S.corrections.all.size === 1")  # nothing of what was said is lost
    person.go(9)
    apply(person, 2)
    second = masks_of(command.run)
    assert {key[0] for key in changed(locked, second)} == {"1"}
    assert {key[1] for key in changed(locked, second)} <= set(range(1, 18))
    assert ("1", 9) in changed(locked, second)
    assert second["1", 9].decode()[[y - 10, y + 3], [x - 10, x + 3]].tolist() == [False, True]
    assert person.see("studio.S.view.lines[0].changed").count(9) == 1

    assert [masks_at(command.run, number) for number in (0, 1)] == [first, locked]
    person.press("m")
    person.wait("studio.S.earlier?.of(9).length === 2")
    assert person.see("studio.S.earlier.of(9)[0].rle") == locked["1", 9].rle
    person.press("m", "u")
    person.wait("studio.S.view.round === 3")
    back = masks_of(command.run)
    assert {key: mask.rle for key, mask in back.items()} == {key: mask.rle for key, mask in locked.items()}
    assert masks_at(command.run, 2) == second


def test_an_object_is_added_in_the_middle_and_another_deleted(
    command: Command, person: Person, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    first = masks_of(command.run)
    person.go(12)
    person.press("n")
    person.drag((8, 78), (41, 111))
    person.wait("studio.S.marked.get('12/3') === 'add'")
    apply(person, 1)
    second = masks_of(command.run)
    assert {key[0] for key in changed(first, second)} == {"3"}
    assert len({frame for object_id, frame in second if object_id == "3"}) > N_FRAMES // 2
    person.page.on("dialog", lambda dialog: dialog.accept())
    person.press("2")
    person.press("Delete")
    person.wait("studio.S.view.round === 2")
    third = masks_of(command.run)
    assert {key[0] for key in third} == {"1", "3"}
    assert changed({key: mask for key, mask in second.items() if key[0] != "2"}, third) == set()
    annotate(command, tmp_path / "again")
    again = masks_of(tmp_path / "again")
    assert {key: again[key].rle for key in (("1", 0), ("3", 12))} == {
        key: third[key].rle for key in (("1", 0), ("3", 12))
    }
    person.press("u")
    person.wait("studio.S.view.round === 3")
    person.wait("studio.S.hints.ids.length === 3")
    assert {key: mask.rle for key, mask in masks_of(command.run).items()} == {
        key: mask.rle for key, mask in second.items()
    }


def test_absent_here_takes_the_mask_away_and_next_leads_to_doubt(command: Command, person: Person) -> None:  # noqa: F811
    first = masks_of(command.run)
    person.press("2")
    person.go(20)
    person.press("a")
    person.wait("studio.S.marked.get('20/2') === 'absent'")
    person.press("z")
    person.wait("!studio.S.marked.size")
    person.press("z")
    assert person.see("document.getElementById('hint').textContent") == "There is nothing to undo."
    person.press("y")
    person.wait("studio.S.marked.get('20/2') === 'absent' && studio.S.frame === 20")
    apply(person, 1)
    second = masks_of(command.run)
    assert ("2", 20) not in second
    assert {key[0] for key in changed(first, second)} == {"2"}
    assert second["2", 0] == first["2", 0]
    person.press("j")
    look = person.wait("studio.S.suggestion")
    assert person.see("studio.S.frame") == look["frame_idx"]
    assert "a correction would reach" in look["why"]
    assert person.see("document.getElementById('hint').textContent") == look["why"]
    for width in (1440, 1024, 800):
        person.page.set_viewport_size({"width": width, "height": 700})
        assert person.see(FITS), width
    person.click(3, 3, button="right")
    assert person.see("document.getElementById('hint').textContent") != look["why"], "the person has looked"
    assert not person.problems


def test_a_run_that_annotate_made_is_corrected_and_its_file_of_hints_stays(
    command: Command, browser: Any, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    x, y = squares(0)["1"]
    name = next(command.videos.glob("*.mp4")).stem
    points = [{"object_id": "7", "x": x, "y": y, "name": "square"}]
    command.run.mkdir()
    hints = command.run / "hints.json"
    hints.write_text(json.dumps({name: {"frame": 0, "points": points}}))
    annotate(command, tmp_path / "made")
    other = Command(command.videos, tmp_path / "made", options=())
    first = masks_of(other.run)
    hints_before = hints.read_bytes()
    try:
        person = Person.enter(browser, other.start())
        person.wait(IDLE)
        assert person.see("document.querySelector('#objects input').value") == "square"
        person.go(10)
        person.click(squares(10)["1"][0], squares(10)["1"][1])
        apply(person, 1)
        assert masks_of(other.run)["7", 10].source == "human"
        person.press("n")
        person.click(*squares(10)["2"])
        person.wait("document.getElementById('error').textContent.includes('this run reads its hints from')")
    finally:
        other.stop()
    assert changed(first, masks_of(other.run)) <= {("7", idx) for idx in range(1, N_FRAMES)}
    assert hints.read_bytes() == hints_before
    assert not (other.run / "hints.json").exists()
