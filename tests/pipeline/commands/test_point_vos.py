"""``train propagator``, ``benchmark point-vos`` and ``study`` on a small run, and what they make at work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.commands import study as study_command
from pipeline.commands.benchmark_point_vos import point_vos
from pipeline.commands.merge import merge
from pipeline.commands.study import study
from pipeline.commands.train_propagator import propagator
from pipeline.dataset import RunMasks, TrueMasks
from pipeline.point_vos.supervision import SupervisionLevel, alternating, facts_of
from pipeline.point_vos.tracking import _full
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables
from stages.backends.propagator import Estimate
from tests.pipeline.commands.test_resample import verdicts_of

SMALL = {"size": "96x64", "between": 1, "steps": 2, "batch": 2, "rate": 1e-3, "seed": 0, "views": 2, "device": "cpu"}
GIVEN = {
    **SMALL, "scalar_steps": 1, "learn": "points", "ground_truth": None, "patience": 0, "measure_every": 50,
    "checkpoint_every": 50,
}  # fmt: skip


@pytest.fixture
def merged(annotated, tmp_path) -> RunFolder:
    folder = RunFolder(Path(shutil.copytree(annotated, tmp_path / "run")))
    tables.VERDICTS.write(folder.table_file(tables.VERDICTS, "ann"), verdicts_of(folder), folder.metadata())
    merge(folder, 0.0)
    return folder


@pytest.fixture
def ground_truth(merged, tmp_path) -> Path:
    """The run's own masks as ground truth."""
    for mask in tables.MASKS.records(tables.MASKS.read(merged.path)):
        file = tmp_path / "truth" / mask.video_id / f"{mask.frame_idx:05d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), mask.decode().astype(np.uint8) * 255)
    return tmp_path / "truth"


def test_a_run_trains_a_propagator_and_the_result_annotates(merged, corpus, pointvos, tmp_path, capsys):
    own = tmp_path / "tracker.pt"
    propagator(out=own, run=merged, **GIVEN)
    said = " ".join(capsys.readouterr().out.split())
    assert "step 2 of 2" in said
    assert f"--propagator trained:{own}" in said
    with pytest.raises(UsageProblem, match="is there already; choose another --out"):
        propagator(out=own, run=merged, **GIVEN)
    hints = ("--localizations", corpus.parent / "clicks.json", "--run", tmp_path / "other")
    models = ("--segmenter", "grabcut", "--propagator", f"trained:{own}", "--frames", 2, "--points", 6)
    answer = pointvos("annotate", corpus / "a.mp4", *hints, *models)
    assert answer.returncode in (0, 3), answer.stderr
    masks = tables.MASKS.read(tmp_path / "other")
    assert f"trained:{own}" in set(masks["model"].to_pylist())
    moved = Path(shutil.copy(own, tmp_path / "moved.pt"))
    models = ("--segmenter", "grabcut", "--propagator", f"trained:{moved}", "--frames", 2, "--points", 6)
    assert "already done" in pointvos("annotate", corpus / "a.mp4", *hints, *models).stdout


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"learn": "boxes"}, "unknown supervision 'boxes'; known: points, pseudo-masks"),
        ({"learn": "masks"}, "--learn masks needs --ground-truth"),
        ({"size": "100"}, "invalid size '100'; expected WIDTHxHEIGHT"),
        ({"size": "100x64"}, "frames of 100x64 pixels: both must be multiples of 32"),
        ({"precision": "int8"}, "unknown precision 'int8'; known: auto, float32, bfloat16"),
        ({"out": Path("own.csv")}, "--out own.csv: give a file such as tracker.pt"),
    ],
)
def test_a_training_that_cannot_begin_says_why(merged, tmp_path, given, message):
    with pytest.raises(UsageProblem, match=message):
        propagator(**{"out": tmp_path / "own.pt", "run": merged, **GIVEN, **given})


def test_a_run_without_points_is_refused(annotated, tmp_path):
    with pytest.raises(UsageProblem, match=r"has no points; make them with: pointvos merge --run"):
        propagator(out=tmp_path / "own.pt", run=RunFolder(annotated), **GIVEN)


def test_masks_of_the_run_and_true_ones_are_read_by_object_and_frame(merged, ground_truth):
    own, true = RunMasks(merged), TrueMasks(merged, ground_truth)
    for mask in tables.MASKS.records(tables.MASKS.read(merged.path)):
        key = mask.video_id, mask.object_id, mask.frame_idx
        assert np.array_equal(own(*key), mask.decode())
        assert np.array_equal(true(*key), mask.decode())
    assert not own(mask.video_id, mask.object_id, 999).any()
    assert true(mask.video_id, mask.object_id, 999) is None


def test_the_benchmark_holds_videos_out_in_turn_and_continues(merged, ground_truth, tmp_path, capsys):
    told = {
        "learn": ["points", "masks", "nothing"],
        "leave_out": 1,
        "seeds": 1,
        "steps": 2,
        "batch": 2,
        "size": "96x64",
        "between": 1,
        "device": "cpu",
    }
    given = {"run": merged, "ground_truth": ground_truth, "out": tmp_path / "bench", "json_file": tmp_path / "b.json"}
    point_vos(**given, **told)
    report = json.loads((tmp_path / "b.json").read_text())
    assert {trial["video_id"] for trial in report["trials"]} == {"a", "b", "sub/c"}
    assert all(trial["held_out"] == [trial["video_id"]] for trial in report["trials"])
    assert {(trial["learn"], trial["start"]) for trial in report["trials"]} == {
        (learn, start) for learn in ("points", "masks", "nothing") for start in ("points", "masks")
    }
    figures = report["learned from"]["points"]["from masks"]
    assert figures["J&F"]["mean"] > 0.5
    assert 0 <= figures["accuracy on points"]["mean"] <= 1
    pngs = sorted((tmp_path / "bench" / "results").rglob("from-masks/a/*.png"))
    assert len(pngs) == 3 * 12
    assert set(np.unique(cv2.imread(str(pngs[0]), cv2.IMREAD_UNCHANGED))) <= {0, 1, 38, 128}
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "bench").rglob("*.json")}
    capsys.readouterr()
    point_vos(**given, **told)
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert json.loads((tmp_path / "b.json").read_text()) == report


def test_the_study_counts_labels_and_draws_a_plot(merged, ground_truth, tmp_path, capsys):
    told = {
        "points": "1,4",
        "frames": "2,all",
        "leave_out": 2,
        "seeds": 1,
        "steps": 1,
        "batch": 2,
        "size": "96x64",
        "between": 1,
        "device": "cpu",
    }
    given = {"run": merged, "ground_truth": ground_truth, "out": tmp_path / "study", "json_file": tmp_path / "s.json"}
    study(**given, **told)
    cells = json.loads((tmp_path / "s.json").read_text())["cells"]
    assert [(cell["frames"], cell["points"]) for cell in cells] == [(2, 1), (2, 4), (0, 1), (0, 4)]
    assert cells[0]["labels"] == 6
    assert cells[1]["labels"] == 4 * cells[0]["labels"]
    assert cells[0]["share_on"] == 1.0
    assert cells[1]["share_on"] == 0.5
    svg = (tmp_path / "study" / "study.svg").read_text()
    assert svg.count("<polyline") == 2
    assert "all frames" in svg
    with pytest.raises(UsageProblem, match=r"invalid --points '0'; expected numbers from 1 on, such as 1,2,5"):
        study(**given, **{**told, "points": "0"})


def test_a_cell_takes_frames_over_the_whole_video_and_points_by_turns(merged):
    points = tables.POINTS.records(tables.POINTS.read(merged.path))
    own = SupervisionLevel(2, 1).thinned(points)
    assert facts_of(SupervisionLevel(2, 1), own)["object_frames"] == len({(p.video_id, p.object_id) for p in points})
    assert [p.label for p in alternating(points)[:4]] == [1, 0, 1, 0]
    assert {p.candidate_id for p in SupervisionLevel(2, 1).thinned(points[::-1])} == {p.candidate_id for p in own}
    assert study_command._numbers("frames", "all,5,1") == [1, 5, 0]


def test_masks_of_several_objects_share_no_pixel():
    found = {
        "a": Estimate(np.array([[200, 140, 10]], dtype=np.uint8), 1.0),
        "b": Estimate(np.array([[10, 150, 100]], dtype=np.uint8), 1.0),
    }
    masks = _full(found, (1, 3))
    assert masks["a"].tolist() == [[True, False, False]]
    assert masks["b"].tolist() == [[False, True, False]]
