from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pytest
import typer

from pipeline.commands.evaluate import evaluate
from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas import tables


def move_a_background_candidate(run, to_x):
    """Of the object whose mask is half of it, on to the other half."""
    (file,) = (run / "candidates").glob("a.*")
    rows = tables.CANDIDATES.records(tables.CANDIDATES.read_files([file]))
    moved = next(row for row in rows if row.object_id == "2" and not row.is_fg_candidate)
    there = replace(moved, x=to_x, y=15 + moved.frame_idx)
    tables.CANDIDATES.write(file, [there if row is moved else row for row in rows])


def test_masks_candidates_and_points_are_measured(finished_run, tmp_path, capsys):
    move_a_background_candidate(finished_run, 65)
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.1)
    evaluate(RunFolder(finished_run), tmp_path / "truth", tmp_path / "scores.json", "semi-supervised")
    report = json.loads((tmp_path / "scores.json").read_text())
    right, half = report["objects"]
    assert (right["video_id"], right["object_id"], right["frames"], right["J&F"]) == ("a", "1", 10, 1.0)
    assert (half["J"], half["J recall"], half["J decay"]) == (pytest.approx(0.5), 0.0, pytest.approx(0.0))
    assert report["mean"]["J"] == pytest.approx(0.75)
    assert report["candidates"]["interior"]["fg_agreement"] == 1.0
    assert report["candidates"]["all"]["bg_agreement"] == pytest.approx(23 / 24)
    assert report["points"]["all"]["accuracy"] == 1.0
    assert set(report["points"]) <= {"all", "ACCEPTED", "REJECTED", "AMBIGUOUS"}
    assert report["rejected"] == []
    printed = capsys.readouterr().out
    assert "Masks" in printed
    assert "Candidates, by stratum" in printed
    assert re.search(r"bg agreement +1\.000 ", printed), "one row a measure: strata are beside each other"


def test_objects_that_the_truth_does_not_know_are_named(finished_run, tmp_path, capsys):
    shutil.copytree(tmp_path / "truth" / "a", tmp_path / "truth" / "sub" / "b")
    evaluate(RunFolder(finished_run), tmp_path / "truth", None, "all-frames")
    assert "sub/b: not in the ground truth: dog" in capsys.readouterr().out


def test_wrong_usage_is_named(finished_run, tmp_path):
    with pytest.raises(UsageProblem, match="unknown protocol 'x'; known: semi-supervised, all-frames"):
        evaluate(RunFolder(finished_run), tmp_path / "truth", None, "x")
    for name in "vwxyz":
        (tmp_path / "others" / name).mkdir(parents=True)
    there = r"it holds 'v', 'w', 'x' and 2 more, and the run's videos are 'a', 'sub/b'$"
    with pytest.raises(UsageProblem, match=rf"no video of .* has ground truth below .*; {there}"):
        evaluate(RunFolder(finished_run), tmp_path / "others", None, "all-frames")


def test_a_ground_truth_that_cannot_be_read_rejects_its_video(finished_run, tmp_path, capsys):
    (tmp_path / "truth" / "a" / "00003.png").write_bytes(b"")
    with pytest.raises(typer.Exit) as leaving:
        evaluate(RunFolder(finished_run), tmp_path / "truth", None, "all-frames")
    assert leaving.value.exit_code == 3
    assert "00003.png' cannot be read" in " ".join(capsys.readouterr().out.split())


def test_the_truth_of_a_folder_is_looked_up_by_the_names_of_its_frames(run_of_a_folder, tmp_path):
    evaluate(RunFolder(run_of_a_folder), tmp_path / "truth", tmp_path / "scores.json", "all-frames")
    report = json.loads((tmp_path / "scores.json").read_text())
    first, second = report["objects"]
    assert (first["object_id"], first["frames"], first["J"]) == ("1", 12, 1.0)
    assert (second["object_id"], second["frames"], second["J"]) == ("2", 12, 0.5)


def test_truth_that_is_named_like_no_frame_is_said_and_the_rest_is_measured(run_of_a_folder, tmp_path, capsys):
    truth = tmp_path / "truth" / "a"
    (truth / "frame_0005.PNG").rename(truth / "frame_0000.png")
    with pytest.raises(typer.Exit) as leaving:
        evaluate(RunFolder(run_of_a_folder), tmp_path / "truth", tmp_path / "scores.json", "all-frames")
    assert leaving.value.exit_code == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "rejected a: ground truth of frames that the video does not have: no frame is named 'frame_0000.png'" in said
    assert "similar names: 'frame_0005.jpg'" in said
    objects = json.loads((tmp_path / "scores.json").read_text())["objects"]
    assert [(one["frames"], one["J"]) for one in objects] == [(11, 1.0), (11, 0.5)]
