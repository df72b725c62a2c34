"""Rounds by answers alone on a real sequence with the default models: masks get better, and every answer is obeyed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.refining.feedback import contradicted
from pipeline.refining.state import state_of
from pipeline.refining.verified import Verified
from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.units import unit_records, videos_of
from schemas import tables

pytestmark = pytest.mark.slow
SEQUENCE, N_FRAMES, N_ROUNDS = "car-shadow", 20, 3


def test_answers_to_points_raise_j_and_f_and_all_agree_or_are_flagged(davis: Path, tmp_path: Path) -> None:
    run, report = RunFolder(tmp_path / "run"), tmp_path / "rounds.json"
    for name, source in (("clips", "JPEGImages/480p"), ("masks", "Annotations/480p")):
        (tmp_path / name / SEQUENCE).mkdir(parents=True)
        for file in sorted((davis / source / SEQUENCE).iterdir())[:N_FRAMES]:
            (tmp_path / name / SEQUENCE / file.name).symlink_to(file)
    clips, truth = tmp_path / "clips", tmp_path / "masks"
    given = ("benchmark", "rounds", clips, "--ground-truth", truth, "--run", run.path, "--by", "verdicts")
    answer = CliRunner().invoke(app, [*map(str, given), "--rounds", str(N_ROUNDS), "--json", str(report)])
    assert answer.exit_code == 0, answer.output
    scores = [one["J&F"] for one in json.loads(report.read_text())["rounds"]]
    print("J&F after each round:", [round(score, 3) for score in scores])
    assert scores[-1] >= scores[0] + 0.02
    assert scores == sorted(scores)
    (video,) = videos_of(run)
    verified = Verified.read(run, video)
    assert sum(map(len, verified.points.values())) > 100
    wrong = contradicted(state_of(video, VideoRounds.read(run, video), {}, verified))
    assert wrong.keys() <= {(one.object_id, one.frame_idx) for one in unit_records(run, tables.FLAGS, video)}
