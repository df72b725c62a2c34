"""A round costs no more than its frames: CPU seconds against the length of the range that a correction may change."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.kept_config import load_kept_config
from pipeline.refining.answers import AnswersInRun
from pipeline.refining.candidates import Redrawing
from pipeline.refining.correction_round import load_round_models
from pipeline.refining.task import RefineTask, refine_task
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.rounds import VideoRounds, write_corrections
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import videos_of
from schemas.corrections import Correction
from schemas.localizations import Clicks, Localization
from tests.kills import REPOSITORY

pytestmark = pytest.mark.slow
SEQUENCE, MIDDLE, ON = "blackswan", 24, (420.0, 200.0)
LENGTHS = (5, 10, 20, 40)


@pytest.fixture
def run(davis: Path, tmp_path: Path) -> RunFolder:
    """A sequence of 50 frames, annotated from one click by the default models."""
    hints = tmp_path / "clicks.json"
    hints.write_text(json.dumps({SEQUENCE: {"frame": 0, "points": [{"object_id": "1", "x": ON[0], "y": ON[1]}]}}))
    frames = davis / "JPEGImages/480p" / SEQUENCE
    command = ["annotate", frames, "--localizations", hints, "--run", tmp_path / "run", "--workers", "1"]
    subprocess.run([sys.executable, "-m", "pipeline", *map(str, command)], cwd=REPOSITORY, check=True)
    return RunFolder(tmp_path / "run")


def test_seconds_of_a_round_grow_with_its_range_and_not_faster(run: RunFolder, tmp_path: Path) -> None:
    config, (key,), (video,) = load_kept_config(run, {}), video_keys(run), videos_of(run)
    models = load_round_models(config.models, "cpu")
    seconds: dict[int, float] = {}
    for length in (LENGTHS[0], *LENGTHS):  # the first one prepares the models' layers
        here = RunFolder(Path(shutil.copytree(run.local, tmp_path / f"{length}-{len(seconds)}")))
        bounds = (MIDDLE - length // 2 - 1, MIDDLE + (length + 1) // 2)
        write_corrections(here, video, [Correction(video.video_id, "1", idx, "lock", 1) for idx in bounds])
        redrawing = Redrawing(config.sampling, config.jpeg_quality, AnswersInRun(here))
        refine_task(here, RefineTask(key), models, redrawing, VideoOpener())
        before = {mask.frame_idx: mask for mask in VideoRounds.read(here, video).masks}
        off = Localization(video.video_id, "1", MIDDLE, Clicks((ON,), (0,)))
        start = time.process_time()
        refine_task(here, RefineTask(key, (off,)), models, redrawing, VideoOpener())
        seconds[length] = time.process_time() - start
        after = {mask.frame_idx: mask for mask in VideoRounds.read(here, video).masks}
        changed = {idx for idx in before.keys() | after.keys() if before.get(idx) != after.get(idx)}
        assert MIDDLE in changed
        assert changed <= set(range(bounds[0] + 1, bounds[1]))
    print("CPU seconds by range length:", {length: round(found, 2) for length, found in seconds.items()})
    assert seconds[40] <= 1.5 * 4 * seconds[10]
    assert seconds[5] <= 0.5 * seconds[40]
