"""Hints are drawn on videos that lie in an object store; the run folder is on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_config
from pipeline.runs.folder import RunFolder
from pipeline.studio.background import Background
from pipeline.studio.bench import HINTS, Bench
from pipeline.studio.desk import StudioDesk
from pipeline.studio.sketching import Sketcher
from stages.backends.segmenters import load_segmenter
from tests.object_stores import BUCKET
from tests.pipeline.conftest import write_video
from verification_ui.gate.refusals import Refusal
from verification_ui.studio.desk import Hint
from verification_ui.studio.events import Events


@pytest.fixture
def desk(s3: Any, tmp_path: Path) -> StudioDesk:
    write_video(tmp_path / "a.mp4")
    s3.upload_file(str(tmp_path / "a.mp4"), BUCKET, "studio/a.mp4")
    run = RunFolder(tmp_path / "run")
    run.create()
    own = {"videos": f"s3://{BUCKET}/studio", "localizations": str(tmp_path / "run" / HINTS), "format": "clicks"}
    config = load_config(None, {**own, "coords": "pixel", "models.segmenter": "grabcut", "models.propagator": "flow"})
    background = Background(run, config, -1, lambda task, message: None)
    return StudioDesk(Bench.of(run, config), Sketcher(load_segmenter("grabcut", "cpu", 1)), background, Events())


def test_a_video_of_a_store_is_shown_and_clicked_on(desk: StudioDesk) -> None:
    assert [card.name for card in desk.videos()] == ["a"]
    assert desk.thumbnail(0)[:2] == b"\xff\xd8"
    card = desk.open(0).card
    assert desk.frame(0, 0, is_full=False)[:2] == desk.frame(0, 3, is_full=True)[:2] == b"\xff\xd8"
    (mask,) = desk.hint(0, Hint("1", 3, ((card.width // 2, card.height // 2, 1),))).masks
    assert (mask.object_id, mask.frame_idx) == ("1", 3)
    with pytest.raises(Refusal, match="there is no frame 9999"):
        desk.hint(0, Hint("1", 9999, ((1, 1, 1),)))
