"""A person at the studio: hints, masks, tracking, and nothing lost when the server is killed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.runs.folder import RunFolder
from schemas import tables
from schemas.masks import Mask
from tests.verification_ui.studio.conftest import QUICK, REPOSITORY, Command, Person

pytestmark = pytest.mark.browser
WIDTH, HEIGHT, N_FRAMES = 160, 120, 24
SCRIPT = "<img src=x onerror=window.hacked=1>"
VIDEO = f"two {SCRIPT.replace('/', '')}"


def squares(frame: int) -> dict[str, tuple[int, int]]:
    """Middles of the two squares of a frame, 28 pixels wide."""
    return {"1": (30 + 2 * frame, 35), "2": (125 - 2 * frame, 90)}


def write_squares(path: Path) -> None:
    random = np.random.default_rng(3)
    ground = random.integers(0, 50, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    textures = {o: random.integers(150, 255, (28, 28, 3), dtype=np.uint8) for o in ("1", "2")}
    textures["2"][..., 2] //= 4
    still = random.integers(90, 200, (28, 28, 3), dtype=np.uint8) // np.array([4, 1, 4], dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in range(N_FRAMES):
            image = ground.copy()
            image[81:109, 11:39] = still
            for object_id, (x, y) in squares(frame).items():
                image[y - 14 : y + 14, x - 14 : x + 14] = textures[object_id]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    write_squares(tmp_path / "clips" / f"{VIDEO}.mp4")
    command = Command(tmp_path / "clips", tmp_path / "run")
    yield command
    if command.process is not None and command.process.poll() is None:
        command.stop()


def masks_of(run: Path) -> dict[tuple[str, int], Mask]:
    found = tables.MASKS.records(tables.MASKS.read(run))
    return {(mask.object_id, mask.frame_idx): mask for mask in found}


def previewed(person: Person, frame: int) -> dict[str, str]:
    """The masks on the page that were made of hints, by object."""
    masks = person.see(f"studio.S.hints.previews.get({frame}).masks")
    return {mask["object_id"]: mask["rle"] for mask in masks}


def test_two_objects_are_hinted_tracked_and_kept_through_a_kill(command: Command, browser: Any, tmp_path: Path) -> None:
    person = Person.enter(browser, command.start())
    hint_both(person)
    drawn = previewed(person, 0)
    command.kill()
    link = command.start()  # the browser stays logged in: the page has the same address, its session is kept
    assert link.split("/enter")[0] == person.see("location.origin")
    person.page.goto(link.split("/enter")[0])
    person.ready()
    person.problems.clear()  # of the time without a server
    person.wait("studio.S.hints.previews.get(0)?.masks.length === 2")
    assert previewed(person, 0) == drawn
    assert person.see("studio.S.hints.all.size") == 2
    track(person)
    assert not person.problems
    assert person.see("window.hacked") is None
    assert command.stop().count("Everything is kept") == 1
    found = masks_of(command.run)
    assert {found["1", 0].rle, found["2", 0].rle} == set(drawn.values())
    assert len(found) == 2 * N_FRAMES
    annotate(command, tmp_path / "again")
    assert masks_of(tmp_path / "again") == found


def hint_both(person: Person) -> None:
    (x1, y1), (x2, y2) = squares(0)["1"], squares(0)["2"]
    person.click(x1, y1)
    person.press("x")
    person.click(x1 + 40, y1)
    person.press("Control+z", "y", "v")
    person.settle()
    assert person.see("studio.S.hints.of('1', 0).points") == [[x1, y1, 1], [x1 + 40, y1, 0]]
    person.press("n")
    person.drag((x2 - 17, y2 - 17), (x2 + 16, y2 + 16))
    person.press("1")
    assert person.see("studio.S.chosen") == "1"
    person.press("r")
    person.page.keyboard.type(f"{SCRIPT}")
    person.press("Enter")
    person.wait("studio.S.hints.of('1', 0).name.length > 0")
    assert person.see("document.querySelector('#objects input').value") == SCRIPT
    assert person.see("document.querySelector('nav .name').textContent") == VIDEO


def track(person: Person) -> None:
    person.wait("studio.S.plan > 0")
    person.press("t")
    person.wait("studio.S.masks.at.size > 3 && studio.S.following === 0 && studio.S.frame > 0", 120)
    person.wait("studio.S.view.card.state === 'tracked' && !studio.S.work", 120)
    assert person.see("[studio.S.following, studio.S.frame]") == [None, 0]
    assert person.see("studio.S.view.lines.map(line => line.object_id)") == ["1", "2"]
    assert person.see("studio.S.view.lines.every(line => line.quality.length === 24 && line.quality.every(q => q > 0))")


def annotate(command: Command, run: Path) -> None:
    hints = command.run / "hints.json"
    arguments = ["annotate", str(command.videos), "--localizations", str(hints), "--run", str(run), *QUICK]
    subprocess.run([sys.executable, "-m", "pipeline", *arguments], cwd=REPOSITORY, check=True, capture_output=True)


@pytest.mark.slow
def test_every_kind_of_hint_is_undone_and_drawn_without_a_mouse(command: Command, browser: Any) -> None:
    person = Person.enter(browser, command.start())
    x, y = squares(0)["1"]
    person.click(x, y)
    person.drag((x - 8, y), (x, y + 5), (x + 8, y), shift=True)
    person.drag((x - 17, y - 17), (x + 17, y + 17))
    hint = person.see("studio.S.hints.of('1', 0)")
    assert (hint["points"], hint["box"], len(hint["strokes"])) == ([[x, y, 1]], [x - 17, y - 17, x + 18, y + 18], 1)
    person.press("z", "z", "z", "y")
    person.settle()
    assert [(h["points"], h["box"], h["strokes"]) for h in written(command)] == [([[x, y, 1]], None, [])]
    person.press("z")
    person.settle()
    assert written(command) == []
    person.press("c", *["ArrowRight"] * 3, "Enter")
    person.settle()
    assert person.see("studio.S.hints.of('1', 0).points") == [[WIDTH // 2 + 6, HEIGHT // 2, 1]]
    assert "hide the cross" in person.see("document.getElementById('keys').textContent")
    person.press("b", "Shift+ArrowDown", "Shift+ArrowRight", "b", "x", "Escape")
    person.settle()
    assert person.see("studio.S.hints.of('1', 0).box") == [86, 60, 107, 81]
    assert person.see("studio.S.hints.of('1', 0).points.length") == 2
    person.press("ArrowRight", "Shift+ArrowRight", "End")
    person.wait(f"studio.S.frame === {N_FRAMES - 1}")
    person.press("Home", "Space")
    person.wait("studio.S.frame > 5")
    person.press("Space", "?")
    person.wait("document.getElementById('all-keys').open")
    assert not person.problems


def written(command: Command) -> list[dict[str, Any]]:
    """The hints of the file, one an object and frame."""
    document = json.loads((command.run / "hints.json").read_text())
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for entry in document.get(VIDEO, []):
        for part in ("points", "boxes", "strokes"):
            for one in entry.get(part, []):
                hint = found.setdefault((entry["frame"], one["object_id"]), {"points": [], "box": None, "strokes": []})
                if part == "points":
                    hint["points"].append([one["x"], one["y"], one["label"]])
                elif part == "boxes":
                    hint["box"] = [one[side] for side in ("x0", "y0", "x1", "y1")]
                else:
                    hint["strokes"].append(one["path"])
    return list(found.values())


@pytest.mark.slow
def test_tracking_is_paused_and_stopped_and_leaves_nothing_while_another_video_is_hinted(
    command: Command, browser: Any
) -> None:
    shutil.copy(command.videos / f"{VIDEO}.mp4", command.videos / "zoo.mp4")
    person = Person.enter(browser, command.start())
    person.click(*squares(0)["1"])
    person.press("t", "p")
    person.wait("studio.S.work?.state === 'paused'")
    person.press("PageDown")
    person.wait("studio.S.view.card.name === 'zoo' && studio.picture.bitmap")
    person.click(*squares(0)["2"])
    assert not person.problems
    person.press("PageUp")
    person.wait("studio.S.work?.state === 'paused'")
    person.press("p")
    person.wait("studio.S.work?.state === 'tracking'")
    person.press("s")
    person.wait("studio.S.work === null")
    command.stop()
    assert set(json.loads((command.run / "hints.json").read_text())) == {VIDEO, "zoo"}
    assert RunFolder(command.run).committed() == {}
    assert not list((command.run / "masks").glob("*"))


def test_the_studio_opens_at_a_frame_that_the_command_names(command: Command, browser: Any) -> None:
    command.options = (*command.options, "--open", f"{VIDEO}:7")
    page = browser.new_context().new_page()
    page.goto(command.start())
    page.wait_for_function("() => window.studio?.S.frame === 7 && studio.S.view !== null")
    assert page.evaluate("() => studio.S.view.card.name") == VIDEO
    page.evaluate(f"() => {{ location.hash = '#video={VIDEO}&frame=3' }}")  # as when another address is pasted
    page.wait_for_function("() => studio.S.frame === 3")
    page.context.close()
