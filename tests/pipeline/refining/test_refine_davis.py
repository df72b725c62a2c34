"""On a real sequence: what lies outside of the allowed range, or was verified, is the same bytes, mask by mask."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.units import unit_file, unit_records, videos_of
from schemas import tables
from stages.refine.constraints import disagreements
from tests.kills import REPOSITORY

pytestmark = pytest.mark.slow
SEQUENCE, FIRST, LAST = "car-shadow", 15, 25


def pointvos(*arguments: object) -> None:
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)


def test_a_correction_changes_the_frames_between_its_neighbours_and_nothing_else(davis: Path, tmp_path: Path) -> None:
    run, clicks = RunFolder(tmp_path / "run"), tmp_path / "clicks.json"
    point = {"object_id": "1", "x": 564, "y": 176}
    clicks.write_text(json.dumps({SEQUENCE: {"frame": 0, "points": [point]}}))
    frames = davis / "JPEGImages/480p" / SEQUENCE
    pointvos("annotate", frames, "--localizations", clicks, "--run", run.path, "--workers", 1)
    bounds = [{"frame": idx, "points": [{"object_id": "1", "x": 5, "y": 5, "label": 0}]} for idx in (FIRST, LAST)]
    clicks.write_text(json.dumps({SEQUENCE: bounds}))
    pointvos("refine", "--run", run.path, "--clicks", clicks)  # two frames that a person has seen
    (video,) = videos_of(run)
    before = {mask.frame_idx: mask for mask in unit_records(run, tables.MASKS, video)}
    truth = davis / "Annotations/480p"
    pointvos("simulate", "--run", run.path, "--ground-truth", truth, "--error-rate", 0)
    pointvos("merge", "--run", run.path, "--val-share", 0)
    correction = {"frame": 20, "points": [{"object_id": "1", "x": 300, "y": 230, "label": 0}]}
    clicks.write_text(json.dumps({SEQUENCE: correction}))
    pointvos("refine", "--run", run.path, "--clicks", clicks)
    rounds = VideoRounds.read(run, video)
    after = {mask.frame_idx: mask for mask in rounds.masks}
    said = {one.frame_idx for one in rounds.standing if one.round > 1}
    assert 20 in said
    allowed = set[int]()
    annotated = {0, FIRST, LAST} | said
    for idx in said:
        low = max(one for one in annotated if one < idx) + 1
        high = min((one for one in annotated if one > idx), default=video.n_frames)
        allowed |= {*range(low, high)}
    outside = set(range(video.n_frames)) - allowed
    assert {0, FIRST, LAST} <= outside | said
    assert [idx for idx in outside if after.get(idx) != before.get(idx)] == []
    flagged = {flag.frame_idx for flag in unit_records(run, tables.FLAGS, video)}
    for point_label in unit_records(run, tables.POINTS, video):
        if point_label.label is not None and point_label.frame_idx not in flagged:
            mask = after.get(point_label.frame_idx)
            drawing = mask.decode() if mask else None
            assert not disagreements([(point_label.x, point_label.y, point_label.label)], drawing)
    bytes_then = unit_file(run, tables.MASKS, video).read_bytes()
    pointvos("refine", "--run", run.path)
    assert unit_file(run, tables.MASKS, video).read_bytes() == bytes_then
