from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from pipeline.runs.folder import RunFolder
from schemas import tables
from schemas.masks import Mask
from verification_ui.media.maker import MediaMaker
from verification_ui.media.pictures import SINGLE_TILE_PX, TILE_PX
from verification_ui.page.asked_objects import AskedObject, asked_objects
from verification_ui.page.media_paths import QUEUE
from verification_ui.page.tasks import build_tasks


def maker(run: Any) -> MediaMaker:
    def masks_of(video_id: str) -> Mapping[tuple[str, int], Mask]:
        return run.masks

    def frame_file(video_id: str, frame_idx: int) -> Path:
        return RunFolder(run.path).frame_file(video_id, frame_idx)

    objects = asked_objects(tables.LOCALIZATIONS.read(run.path))
    return MediaMaker(run.path / "media", frame_file, masks_of, run.candidates, objects)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_task_gets_its_sheet_frame_and_reference_below_the_queue_folder(tiny_run: Any) -> None:
    tasks = build_tasks(tiny_run.candidates.values(), "contact_sheet")
    ready: list[int] = []
    assert list(maker(tiny_run).make(tasks, ready.append)) == []
    assert sum(ready) == len(tasks) == 4
    for task in tasks:
        names = maker(tiny_run).names(task)
        sheet = cv2.imread(str(tiny_run.path / "media" / names.crops))
        assert sheet.shape == (TILE_PX, TILE_PX * 12, 3)
        assert cv2.imread(str(tiny_run.path / "media" / names.frame)).shape == (512, 854, 3)
        assert cv2.imread(str(tiny_run.path / "media" / names.reference)).shape == (384, 640, 3)
    assert len(files(tiny_run.path / "media")) == 4 + 4 + 2  # references are shared by the frames of an object
    assert all(
        name.startswith(f"{QUEUE}/") and name.isascii() and len(name) < 60 for name in files(tiny_run.path / "media")
    )


def test_a_blind_task_shows_the_same_pictures_whatever_its_candidate_claims(tiny_run: Any) -> None:
    tasks = build_tasks(tiny_run.candidates.values(), "single")
    list(maker(tiny_run).make(tasks))
    first = files(tiny_run.path / "media")
    assert len(first) == 48 * 2 + 2
    names = maker(tiny_run).names(tasks[0])
    assert cv2.imread(str(tiny_run.path / "media" / names.crops)).shape == (SINGLE_TILE_PX, SINGLE_TILE_PX, 3)
    for name in first:
        (tiny_run.path / "media" / name).unlink()
    turned = {key: replace(c, is_fg_candidate=not c.is_fg_candidate) for key, c in tiny_run.candidates.items()}
    list(replace(maker(tiny_run), candidates=turned).make(tasks))
    assert files(tiny_run.path / "media") == first


def test_a_blind_task_shares_no_picture_with_one_that_shows_claims(tiny_run: Any) -> None:
    sheets, blind = (build_tasks(tiny_run.candidates.values(), design) for design in ("contact_sheet", "single"))
    shown = {name for task in sheets for name in maker(tiny_run).names(task).pictures}
    assert not shown & {name for task in blind for name in maker(tiny_run).names(task).pictures}


def test_pictures_that_are_there_are_not_made_again(tiny_run: Any) -> None:
    tasks = build_tasks(tiny_run.candidates.values(), "contact_sheet")
    list(maker(tiny_run).make(tasks))
    marked = tiny_run.path / "media" / maker(tiny_run).names(tasks[0]).crops
    marked.write_bytes(b"mine")
    ready: list[int] = []
    list(maker(tiny_run).make(tasks, ready.append))
    assert marked.read_bytes() == b"mine"
    assert sum(ready) == 4


def test_pictures_are_the_same_bytes_every_time(tiny_run: Any) -> None:
    tasks = build_tasks(tiny_run.candidates.values(), "contact_sheet")
    list(maker(tiny_run).make(tasks))
    first = files(tiny_run.path / "media")
    for name in first:
        (tiny_run.path / "media" / name).unlink()
    list(maker(tiny_run).make(reversed(tasks)))
    assert files(tiny_run.path / "media") == first


def test_a_task_whose_frame_is_missing_or_damaged_is_rejected_by_name(tiny_run: Any) -> None:
    tasks = build_tasks(tiny_run.candidates.values(), "contact_sheet")
    damaged = maker(tiny_run).frame_file(tasks[0].video_id, 7)
    damaged.write_bytes(b"not a picture")
    rejects = list(maker(tiny_run).make(tasks))
    assert {r.key for r in rejects} == {t.task_key for t in tasks if t.frame_idx == 7}
    assert {r.error for r in rejects} == {"no_frame"}
    assert f"frame 7 of {tasks[0].video_id!r} is missing or damaged" in rejects[0].detail


def test_the_frame_view_shows_the_frame_itself_byte_for_byte(tiny_run: Any) -> None:
    tasks = build_tasks(tiny_run.candidates.values(), "frame")
    list(maker(tiny_run).make(tasks))
    source = maker(tiny_run).frame_file(tasks[0].video_id, tasks[0].frame_idx)
    assert (tiny_run.path / "media" / maker(tiny_run).names(tasks[0]).frame).read_bytes() == source.read_bytes()


def test_the_reference_is_the_nearest_localized_frame() -> None:
    asked = AskedObject(anchor_frames=(3, 10))
    assert [asked.anchor_near(i) for i in (0, 6, 7, 40)] == [3, 3, 10, 10]
    assert AskedObject().anchor_near(3) is None


def test_names_and_expressions_come_from_the_localizations(tiny_run: Any) -> None:
    objects = asked_objects(tables.LOCALIZATIONS.read(tiny_run.path))
    video_id = next(iter(tiny_run.candidates.values())).video_id
    assert objects == {
        (video_id, "1"): AskedObject("dog", "the dog <on the left>", (0,)),
        (video_id, "2"): AskedObject("cat", "", (7,)),
    }
