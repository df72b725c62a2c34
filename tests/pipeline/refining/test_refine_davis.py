"""On a real sequence: what lies outside of the allowed range, or was verified, is the same bytes, mask by mask."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from pipeline.kept_config import load_kept_config
from pipeline.refining.answers import AnswersInRun
from pipeline.refining.candidates import Redrawing
from pipeline.refining.correction_round import load_round_models
from pipeline.refining.task import RefinedVideo, RefineTask, refine_task
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import unit_file, videos_of
from schemas import tables
from schemas.localizations import Clicks, Localization
from schemas.points import PointLabel
from stages.refine.constraints import disagreements
from tests.kills import REPOSITORY, contents

pytestmark = pytest.mark.slow
SEQUENCE, N_FRAMES = "car-shadow", 24
STATUS = {True: "ACCEPTED", False: "REJECTED"}


def clicks(frame_idx: int, x: float, y: float, label: int) -> Localization:
    return Localization(SEQUENCE, "1", frame_idx, Clicks(((x, y),), (label,)))


def verified(x: int, y: int, is_on: bool) -> PointLabel:
    """What people say of a pixel of frame 12."""
    return PointLabel(
        SEQUENCE, "1", "", "", 12, 0.5, x, y, int(is_on), STATUS[is_on], is_on, "train", "embedded", "embedded", 0, 1,
        f"{x}-{y}",
    )  # fmt: skip


@pytest.fixture
def run(davis: Path, tmp_path: Path) -> RunFolder:
    """The beginning of a sequence, annotated from one click by the default models."""
    frames, hints = tmp_path / "clips" / SEQUENCE, tmp_path / "clicks.json"
    frames.mkdir(parents=True)
    for file in sorted((davis / "JPEGImages/480p" / SEQUENCE).iterdir())[:N_FRAMES]:
        (frames / file.name).symlink_to(file)
    point = {"object_id": "1", "x": 564, "y": 176}
    hints.write_text(json.dumps({SEQUENCE: {"frame": 0, "points": [point]}}))
    command = ["annotate", frames, "--localizations", hints, "--run", tmp_path / "run", "--workers", "1"]
    subprocess.run([sys.executable, "-m", "pipeline", *map(str, command)], cwd=REPOSITORY, check=True)
    return RunFolder(tmp_path / "run")


def test_a_correction_changes_the_frames_between_its_neighbours_and_nothing_else(run: RunFolder, davis: Path) -> None:
    config, (key,), (video,) = load_kept_config(run, {}), video_keys(run), videos_of(run)
    models = load_round_models(config.models, "cpu")
    redrawing = Redrawing(config.sampling, config.jpeg_quality, AnswersInRun(run))

    def refine(*given: Localization) -> RefinedVideo:
        return refine_task(run, RefineTask(key, given), models, redrawing, VideoOpener())

    refine(clicks(6, 5, 5, 0), clicks(17, 5, 5, 0))  # two frames that a person has seen
    before = VideoRounds.read(run, video)
    truth = cv2.imread(str(davis / "Annotations/480p" / SEQUENCE / "00012.png"), cv2.IMREAD_GRAYSCALE) > 127
    points = [verified(x, y, bool(truth[y, x])) for y in range(100, 400, 20) for x in range(300, 800, 20)]
    tables.POINTS.write(unit_file(run, tables.POINTS, video), points, run.metadata())
    assert refine().n_rounds >= 1
    after = VideoRounds.read(run, video)
    masks = [{mask.frame_idx: mask for mask in rounds.masks} for rounds in (before, after)]
    changed = [idx for idx in range(N_FRAMES) if masks[0].get(idx) != masks[1].get(idx)]
    assert 12 in changed
    assert set(changed) <= set(range(7, 17))
    drawing = masks[1][12].decode()
    assert not disagreements([(p.x, p.y, int(bool(p.label))) for p in points], drawing)
    once = contents(run.local)
    assert refine().n_rounds == 0
    assert contents(run.local) == once
