"""A round of the studio and one of ``refine`` end in the same state for the same clicks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import typer

from pipeline.commands.refine import refine
from pipeline.kept_config import load_kept_config
from pipeline.refining.candidates import redrawing_of
from pipeline.refining.correction_round import RoundModels
from pipeline.refining.hints import VideoHints
from pipeline.refining.videos import RoundTools, refine_video
from pipeline.runs.folder import RunFolder
from pipeline.studio.corrector import Corrector
from pipeline.studio.frame_cache import FrameCache
from pipeline.studio.previewer import Previewer
from pipeline.studio.workspace import Workspace
from schemas import tables
from schemas.videos import Video
from stages.backends.flow import FlowPropagator
from stages.backends.grabcut import GrabCutSegmenter
from tests.kills import contents
from tests.pipeline.refining.conftest import Say, labels
from verification_ui.studio.records import Hint

CLICKS = {8: [(50, 56, 1), (58, 52, 1)], 5: [(44, 56, 1), (80, 40, 0)]}


def test_the_same_clicks_give_the_same_bytes(run: RunFolder, video: Video, say: Say, tmp_path: Path) -> None:
    say([one for one in labels(8) if one.y < 46])  # points that hold on one of the frames
    other = RunFolder(Path(shutil.copytree(run.local, tmp_path / "other")))
    by_person(run, video)
    file = tmp_path / "clicks.json"
    entries = [
        {"frame": idx, "points": [{"object_id": "1", "x": x, "y": y, "label": label} for x, y, label in points]}
        for idx, points in CLICKS.items()
    ]
    file.write_text(json.dumps({"a": entries}))
    try:
        refine(other, clicks=[str(file)])
    except typer.Exit as leaving:
        raise AssertionError("clicks were rejected") from leaving
    ours, theirs = contents(run.local), contents(other.local)
    compared = [name for name in theirs if name.partition("/")[0] in ("masks", "superseded", "candidates", "points")]
    assert len(compared) >= 8
    assert {name: ours.get(name) for name in compared} == {name: theirs[name] for name in compared}
    rows = [set(tables.CORRECTIONS.records(tables.CORRECTIONS.read(one.path))) for one in (run, other)]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 2


def by_person(run: RunFolder, video: Video) -> None:
    """What the page's clicks and its Enter key come to."""
    config = load_kept_config(run, {})
    workspace = Workspace.of(run, config)
    corrector = Corrector(workspace, Previewer(GrabCutSegmenter()))
    (shown,) = (file for file in workspace.files if file.video_id == video.video_id)
    for frame_idx, points in CLICKS.items():
        corrector.keep(shown, "1", frame_idx, "clicks", Hint("1", frame_idx, points=tuple(points)))
    models = RoundModels(GrabCutSegmenter(), FlowPropagator())
    tools = RoundTools(models, FrameCache(shown, workspace.frames_folder).between, redrawing_of(run, config))
    refine_video(run, video, VideoHints.of(workspace.job(shown).localizations), tools)
