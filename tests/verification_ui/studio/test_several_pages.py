"""Two pages on one video, pages that are loaded again, videos that cannot be read, tracking that is begun again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from schemas.iou import iou
from tests.verification_ui.studio.conftest import Command, Person
from tests.verification_ui.studio.test_corrections_in_the_browser import IDLE, apply
from tests.verification_ui.studio.test_studio_in_the_browser import (
    command,  # noqa: F401 - a fixture
    hint_both,
    masks_of,
    squares,
    track,
    written,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def another_page(person: Person) -> Person:
    other = Person(person.page.context.new_page())
    other.page.goto(person.see("location.origin"))
    other.ready()
    return other


def test_what_one_page_draws_another_one_shows(command: Command, browser: Any) -> None:  # noqa: F811
    person = Person.enter(browser, command.start())
    other = another_page(person)
    x, y = squares(0)["1"]
    person.click(x, y)
    other.wait("studio.S.hints.of('1', 0).points.length === 1")
    other.wait("studio.picture.layers.length === 1")
    other.click(x + 5, y)
    person.wait("studio.S.hints.of('1', 0).points.length === 2")
    assert written(command) == [{"points": [[x, y, 1], [x + 5, y, 1]], "box": None, "strokes": []}]
    person.press("n")
    person.click(*squares(0)["2"])
    other.wait("studio.S.hints.ids.length === 2")
    track(person)
    other.wait(f"{IDLE} && studio.S.view.lines.length === 2")
    other.press("1")
    other.go(9)
    other.press("l")
    person.wait("studio.S.marked.get('9/1') === 'lock'")
    apply(person, 1)
    other.wait(f"studio.S.view.round === 1 && {IDLE}")
    other.page.close()
    assert not person.problems + other.problems


def test_a_page_that_is_loaded_again_is_where_it_was(command: Command, browser: Any) -> None:  # noqa: F811
    person = Person.enter(browser, command.start())
    hint_both(person)
    person.press("g")
    person.page.keyboard.type("17")
    person.press("Enter", "2")
    person.wait("location.hash.endsWith('frame=17&object=2')")
    person.page.reload()
    person.ready()
    person.wait("studio.S.frame === 17 && studio.S.chosen === '2'")
    person.press("t", "p")
    person.wait("studio.S.work?.state === 'paused'")
    person.page.reload()
    person.ready()
    assert person.wait("studio.S.work.state") == "paused"
    assert "Paused at" in person.see("document.getElementById('step').textContent")
    person.press("p")
    person.wait(IDLE, 120)
    assert not person.problems


def test_tracking_again_that_is_stopped_or_killed_gives_the_old_masks_back(command: Command, browser: Any) -> None:  # noqa: F811
    person = Person.enter(browser, command.start())
    hint_both(person)
    track(person)
    person.press("1")
    person.go(9)
    person.press("l")
    apply(person, 1)
    before = masks_of(command.run)
    person.page.on("dialog", lambda dialog: dialog.accept())
    person.press("t")
    person.wait("studio.S.work?.state === 'tracking'")
    person.press("s")
    person.wait(f"{IDLE} && studio.S.view.round === 1")
    assert masks_of(command.run) == before
    person.press("t")
    person.wait("studio.S.work?.state === 'tracking'")
    command.kill()
    command.start()
    person.page.reload()
    person.ready()
    person.wait(f"{IDLE} && studio.S.view.round === 1")
    assert masks_of(command.run) == before


def test_a_round_is_chosen_from_the_menu_and_shown_until_m_is_pressed(command: Command, browser: Any) -> None:  # noqa: F811
    person = Person.enter(browser, command.start())
    hint_both(person)
    track(person)
    person.press("1")
    person.go(9)
    first = masks_of(command.run)
    for number in (1, 2):
        x, y = squares(9)["1"]
        person.drag((x - 16, y - 16), (x + 15 + number, y + 15))
        apply(person, number)
    person.wait("document.getElementById('rounds').options.length === 3")
    person.page.select_option("#rounds", "0")
    person.wait("studio.picture.layers.length === 2")
    assert person.see("studio.picture.layers[0].rle") == first["1", 9].rle
    person.click(x, y)
    assert "earlier masks" in person.see("document.getElementById('error').textContent")
    person.press("m")
    person.wait("studio.S.earlier === null")
    now = masks_of(command.run)["1", 9]
    assert person.see("studio.picture.layers.find(mask => mask.object_id === '1').rle") == now.rle
    assert now.source == "human"
    square = np.zeros_like(now.decode())
    square[y - 14 : y + 14, x - 14 : x + 14] = True
    assert iou(now.decode(), square) > 0.8


def test_a_video_that_cannot_be_read_says_so_and_the_others_work(command: Command, browser: Any) -> None:  # noqa: F811
    (command.videos / "zoo.mp4").write_bytes(b"no video")
    person = Person.enter(browser, command.start())
    person.press("PageDown")
    person.wait("document.getElementById('step').textContent.includes('cannot be read as a video')")
    person.wait("document.querySelectorAll('nav .facts')[1].textContent === 'cannot be read'")
    person.press("c", "Enter")
    person.press("Escape", "PageUp")
    person.wait("studio.S.view.card.name.startsWith('two') && studio.picture.bitmap")
    person.click(*squares(0)["1"])
    assert len(written(command)) == 1
