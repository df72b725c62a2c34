"""``pointvos train segmenter`` on the points of a run, and its result at work."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.commands.merge import merge
from pipeline.commands.train import decreased, segmenter
from pipeline.config import Models
from pipeline.runs.folder import RunFolder
from pipeline.runs.training_pictures import is_confirmed, read_run
from pipeline.terminal.console import UsageProblem
from schemas import tables
from tests.pipeline.commands.test_resample import verdicts_of


@pytest.fixture
def merged(annotated, tmp_path) -> RunFolder:
    """A run whose points all agree with the masks but one, of video b."""
    folder = RunFolder(Path(shutil.copytree(annotated, tmp_path / "run")))
    verdicts = verdicts_of(folder)
    (wrong,) = [c for c in _candidates(folder) if c.video_id == "b" and c.is_fg_candidate][:1]
    flipped = [v if v.candidate_id != wrong.candidate_id else _turned(v) for v in verdicts]
    tables.VERDICTS.write(folder.table_file(tables.VERDICTS, "ann"), flipped, folder.metadata())
    merge(folder, 0.0)
    return folder


def _candidates(folder: RunFolder) -> list:
    return tables.CANDIDATES.records(tables.CANDIDATES.read(folder.path))


def _turned(verdict):
    from dataclasses import replace

    return replace(verdict, status="REJECTED")


def test_masks_that_all_points_agree_with_are_learned_and_of_the_others_the_points(merged):
    pictures, problems = read_run(merged)
    assert problems == []
    assert len(pictures) == 9
    only_points = [p for p in pictures if p.targets[0].points]
    assert [(p.key.split("/")[0], len(p.targets[0].points)) for p in only_points] == [("b", 8)]
    held_out = {p.key.rpartition("/")[0] for p in pictures if p.is_held_out}
    assert len(held_out) == 1
    assert all(p.is_held_out == (p.key.rpartition("/")[0] in held_out) for p in pictures)


def test_a_mask_is_confirmed_by_points_on_both_sides_that_all_agree():
    mask = np.zeros((4, 4), dtype=bool)
    mask[:2] = True
    points = np.array([(0, 0, 1), (3, 1, 1), (0, 3, 0), (3, 3, 0)])
    assert is_confirmed(mask, points)
    assert not is_confirmed(mask, points[:3])
    assert not is_confirmed(mask, points * [1, 1, 0])
    assert not is_confirmed(mask, np.array([(0, 0, 1)] * 4))


def test_a_frame_that_is_missing_is_said_and_the_other_videos_are_used(merged):
    shutil.rmtree(merged.path / "frames" / "a")
    pictures, problems = read_run(merged)
    assert {p.key.rpartition("/")[0] for p in pictures} == {"b", "sub/c"}
    assert len(problems) == 1
    assert problems[0].startswith("a: ")


@pytest.mark.slow
def test_a_run_trains_the_segmenter_and_the_result_annotates(merged, corpus, pointvos, tmp_path, capsys):
    torch.set_num_threads(1)
    own = tmp_path / "own.pt"
    given = {"out": own, "run": [merged], "steps": 2, "batch": 2, "side": 64, "rate": 1e-5, "device": "cpu"}
    segmenter(**_defaults(), **given)
    said = " ".join(capsys.readouterr().out.split())
    assert "Measuring the first weights on" in said
    assert "step 2 of 2" in said
    assert "J, one click, held out" in said
    assert f"--segmenter trained:{own}" in said
    with pytest.raises(UsageProblem, match="is there already; choose another --out"):
        segmenter(**_defaults(), **given)
    models = ("--segmenter", f"trained:{own}", "--propagator", f"trained:{own}", "--frames", 2, "--points", 6)
    hints = ("--localizations", corpus.parent / "clicks.json", "--run", tmp_path / "other")
    answer = pointvos("annotate", corpus / "a.mp4", *hints, *models)
    assert answer.returncode in (0, 3), answer.stderr
    masks = tables.MASKS.read(tmp_path / "other")
    assert set(masks["model"].to_pylist()) == {f"trained:{own}"}
    assert masks.num_rows == 12


def test_figures_that_fell_are_named_as_far_as_the_summary_shows_it():
    before = {"J, box": 0.9, "J, one click": 0.8, "J, trace": 0.7434}
    assert decreased(before, {"J, box": 0.91, "J, one click": 0.7999, "J, trace": 0.688}) == ["J, trace"]


def _defaults() -> dict:
    return {
        "coco": None, "images": None, "packs": None, "without": None, "start": "embedded", "seed": 0, "workers": 1,
        "checkpoint_every": 100,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing to train on; give --run, --coco with --images, or --packs"),
        ({"coco": [Path("x.json")]}, "--coco needs --images"),
        ({"packs": [Path("no.npz")]}, "there is no file or folder no.npz"),
        ({"side": 100}, "--side 100 is not a multiple of 32"),
        ({"out": Path("own.csv")}, "--out own.csv: give a file such as own.pt"),
    ],
)
def test_a_command_that_cannot_begin_says_why(tmp_path, given, message):
    told = {"out": tmp_path / "own.pt", "run": None, "steps": 1, "batch": 2, "side": 64, "rate": 1e-4, "device": "cpu"}
    with pytest.raises(UsageProblem, match=message):
        segmenter(**{**_defaults(), **told, **given})


def test_a_run_without_points_is_refused(annotated, tmp_path):
    told = {"out": tmp_path / "own.pt", "steps": 1, "batch": 2, "side": 64, "rate": 1e-4, "device": "cpu"}
    with pytest.raises(UsageProblem, match=r"has no points; make them with: pointvos merge --run"):
        segmenter(**_defaults(), **told, run=[RunFolder(annotated)])


def test_weights_that_are_not_there_are_refused_at_once():
    with pytest.raises(ValueError, match=r"segmenter 'trained:no.pt': there is no file no.pt; make one with: pointvos"):
        Models(segmenter="trained:no.pt")
    with pytest.raises(ValueError, match=r"unknown propagator 'x'; known: embedded, .*trained:FILE"):
        Models(propagator="x")
