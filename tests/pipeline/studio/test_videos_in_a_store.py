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
from pipeline.studio.messages import Finished
from pipeline.studio.previewer import Previewer
from pipeline.studio.previous_results import keep_previous, restore_previous
from pipeline.studio.service import RunStudioService
from pipeline.studio.worker_process import StudioWorker
from pipeline.studio.workspace import HINTS, Workspace
from schemas import tables
from stages.backends.segmenters import load_segmenter
from tests.object_stores import BUCKET
from tests.pipeline.conftest import write_video
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.events import Events
from verification_ui.studio.records import Hint


@pytest.fixture
def open_service(s3: Any, tmp_path: Path) -> Iterator[Callable[[str], RunStudioService]]:
    """Opens the studio on a video of a store and a run at an address."""
    write_video(tmp_path / "a.mp4")
    s3.upload_file(str(tmp_path / "a.mp4"), BUCKET, "studio/a.mp4")
    with ExitStack() as opened:

        def open_one(address: str) -> RunStudioService:
            run = RunFolder.parse(address)
            run.create()
            hints = str(run.path.absolute() / HINTS)
            own = {"videos": f"s3://{BUCKET}/studio", "localizations": hints, "format": "clicks", "coords": "pixel"}
            config = load_config(None, {**own, "models.segmenter": "grabcut", "models.propagator": "flow"})
            keep_config(run, config)
            restore_previous(run)
            worker = StudioWorker(run, config, opened.enter_context(run.lock()), lambda task, message: None)
            opened.callback(worker.close)
            previewer = Previewer(load_segmenter("grabcut", "cpu", 1))
            return RunStudioService(Workspace.of(run, config), previewer, worker, Events())

        yield open_one


def wait_for(service: RunStudioService) -> None:
    end = time.monotonic() + 120
    while service.open(0).card.state in ("tracking", "correcting"):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_video_of_a_store_is_shown_and_clicked_on(
    open_service: Callable[[str], RunStudioService], tmp_path: Path
) -> None:
    service = open_service(str(tmp_path / "run"))
    assert [card.name for card in service.videos()] == ["a"]
    assert service.thumbnail(0)[:2] == b"\xff\xd8"
    card = service.open(0).card
    assert service.frame(0, 0, is_full=False)[:2] == service.frame(0, 3, is_full=True)[:2] == b"\xff\xd8"
    (mask,) = service.hint(0, Hint("1", 3, ((card.width // 2, card.height // 2, 1),))).masks
    assert (mask.object_id, mask.frame_idx) == ("1", 3)
    with pytest.raises(Refusal, match="there is no frame 9999"):
        service.hint(0, Hint("1", 9999, ((1, 1, 1),)))


def test_a_run_in_a_store_is_hinted_tracked_and_corrected_there(
    s3: Any, open_service: Callable[[str], RunStudioService]
) -> None:
    service = open_service(f"s3://{BUCKET}/runs/studio")
    card = service.open(0).card
    middle = Hint("1", 0, ((card.width // 2, card.height // 2, 1),))
    service.hint(0, middle)
    service.track(0)
    wait_for(service)
    run = service.workspace.run
    assert list(run.committed()) == ["a"]
    again = Workspace.of(run, service.workspace.config)
    assert again.owns_hints
    assert again.hint_file.of("a") == (middle,), "the hints lie beside the run, for any machine"
    service.correct(0, Hint("1", 5, ((2, 2, 0),)))
    service.refine(0)
    refined = service.worker.task
    wait_for(service)
    assert {one.round for one in tables.CORRECTIONS.records(tables.CORRECTIONS.read(run.path))} == {1}
    keep_previous(run, service.workspace.all_tracked()["a"])
    assert run.committed() == {}
    service.worker.on_message(refined, Finished())
    assert run.committed() == {}, "late messages of a task that has ended or was stopped change nothing"
    restore_previous(run)
    assert list(run.committed()) == ["a"]
    names = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/studio/")["Contents"]]
    assert "runs/studio/hints.json" in names
    assert not [name for name in names if "aside" in name]
