"""The studio on videos and runs that lie in an object store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_config
from pipeline.kept_config import keep_config
from pipeline.runs.folder import RunFolder
from pipeline.studio.background import Background
from pipeline.studio.bench import HINTS, Bench
from pipeline.studio.desk import StudioDesk
from pipeline.studio.setting_aside import put_back, set_aside
from pipeline.studio.sketching import Sketcher
from pipeline.studio.tasks import Finished
from schemas import tables
from stages.backends.segmenters import load_segmenter
from tests.object_stores import BUCKET
from tests.pipeline.conftest import write_video
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.desk import Hint
from verification_ui.studio.events import Events


@pytest.fixture
def open_desk(s3: Any, tmp_path: Path) -> Iterator[Callable[[str], StudioDesk]]:
    """Opens the studio on a video of a store and a run at an address."""
    write_video(tmp_path / "a.mp4")
    s3.upload_file(str(tmp_path / "a.mp4"), BUCKET, "studio/a.mp4")
    with ExitStack() as opened:

        def open_one(address: str) -> StudioDesk:
            run = RunFolder.parse(address)
            run.create()
            hints = str(run.path.absolute() / HINTS)
            own = {"videos": f"s3://{BUCKET}/studio", "localizations": hints, "format": "clicks", "coords": "pixel"}
            config = load_config(None, {**own, "models.segmenter": "grabcut", "models.propagator": "flow"})
            keep_config(run, config)
            put_back(run)
            background = Background(run, config, opened.enter_context(run.lock()), lambda task, message: None)
            opened.callback(background.close)
            sketcher = Sketcher(load_segmenter("grabcut", "cpu", 1))
            return StudioDesk(Bench.of(run, config), sketcher, background, Events())

        yield open_one


def wait_for(desk: StudioDesk) -> None:
    end = time.monotonic() + 120
    while desk.open(0).card.state == "tracking":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_video_of_a_store_is_shown_and_clicked_on(open_desk: Callable[[str], StudioDesk], tmp_path: Path) -> None:
    desk = open_desk(str(tmp_path / "run"))
    assert [card.name for card in desk.videos()] == ["a"]
    assert desk.thumbnail(0)[:2] == b"\xff\xd8"
    card = desk.open(0).card
    assert desk.frame(0, 0, is_full=False)[:2] == desk.frame(0, 3, is_full=True)[:2] == b"\xff\xd8"
    (mask,) = desk.hint(0, Hint("1", 3, ((card.width // 2, card.height // 2, 1),))).masks
    assert (mask.object_id, mask.frame_idx) == ("1", 3)
    with pytest.raises(Refusal, match="there is no frame 9999"):
        desk.hint(0, Hint("1", 9999, ((1, 1, 1),)))


def test_a_run_in_a_store_is_hinted_tracked_and_corrected_there(
    s3: Any, open_desk: Callable[[str], StudioDesk]
) -> None:
    desk = open_desk(f"s3://{BUCKET}/runs/studio")
    card = desk.open(0).card
    middle = Hint("1", 0, ((card.width // 2, card.height // 2, 1),))
    desk.hint(0, middle)
    desk.track(0)
    wait_for(desk)
    run = desk.bench.run
    assert list(run.committed()) == ["a"]
    again = Bench.of(run, desk.bench.config)
    assert again.owns_hints
    assert again.book.of("a") == (middle,), "the hints lie beside the run, for any machine"
    desk.correct(0, Hint("1", 5, ((2, 2, 0),)))
    desk.refine(0)
    refined = desk.background.task
    wait_for(desk)
    assert {one.round for one in tables.CORRECTIONS.records(tables.CORRECTIONS.read(run.path))} == {1}
    set_aside(run, desk.bench.all_tracked()["a"])
    assert run.committed() == {}
    desk.background.hear(refined, Finished())
    assert run.committed() == {}, "late messages of a task that has ended or was stopped change nothing"
    put_back(run)
    assert list(run.committed()) == ["a"]
    names = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/studio/")["Contents"]]
    assert "runs/studio/hints.json" in names
    assert not [name for name in names if "aside" in name]
