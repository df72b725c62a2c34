from __future__ import annotations

import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import typer

from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder
from pipeline.runs.verdicts import read_verdicts
from pipeline.terminal.console import UsageProblem
from schemas import tables


def statuses(run):
    return {v.candidate_id: v.status for v in tables.VERDICTS.records(tables.VERDICTS.read(run))}


def test_candidates_with_ground_truth_are_answered_the_same_way_twice(finished_run, tmp_path, capsys):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    first = (finished_run / "verdicts" / "simulated.parquet").read_bytes()
    candidates = tables.CANDIDATES.records(tables.CANDIDATES.read(finished_run))
    assert set(statuses(finished_run)) == {c.candidate_id for c in candidates if c.video_id == "a"}
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    assert (finished_run / "verdicts" / "simulated.parquet").read_bytes() == first
    assert "pointvos merge" in capsys.readouterr().out


def test_errors_change_some_answers(finished_run, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    right = statuses(finished_run)
    simulate(RunFolder(finished_run), tmp_path / "truth", 1.0, 0)
    flipped = statuses(finished_run)
    assert {flipped[key] for key in right if right[key] == "ACCEPTED"} == {"REJECTED"}


def test_second_looks_are_tasks_of_their_own_whose_answers_count(finished_run, tmp_path, capsys):
    folder = RunFolder(finished_run)
    simulate(folder, tmp_path / "truth", 0.2, 0)
    candidates = {c.candidate_id: c for c in tables.CANDIDATES.records(tables.CANDIDATES.read(finished_run))}
    first = statuses(finished_run)
    against = {
        name for name, said in first.items() if said == ("REJECTED" if candidates[name].is_fg_candidate else "ACCEPTED")
    }
    capsys.readouterr()
    simulate(folder, tmp_path / "truth", 0.2, 0, second_look=True)
    n_answers, n_against = len(first) + len(against), len(against)
    assert f"answers {n_answers} second looks {n_against} " in " ".join(capsys.readouterr().out.split())
    tasks = tables.TASKS.records(tables.TASKS.read(finished_run))
    assert {name for task in tasks for name in task.candidate_ids} == against != set()
    deciding = {name: group[0].status for name, group in read_verdicts(folder).deciding().items()}
    simulate(folder, tmp_path / "truth", 0.0, 0)
    right = statuses(finished_run)
    assert tables.TASKS.n_rows(finished_run) == 0
    assert {name for name in first if deciding[name] != first[name]} <= against
    n_wrong, n_wrong_at_first = (sum(said[name] != right[name] for name in right) for said in (deciding, first))
    assert n_wrong < n_wrong_at_first / 2


def test_nothing_to_answer_is_wrong_usage(finished_run, tmp_path):
    (tmp_path / "empty").mkdir()
    there = r"it holds no folders, and the run's videos are 'a', 'sub/b'$"
    with pytest.raises(UsageProblem, match=rf"no candidate of .* has ground truth below .*; {there}"):
        simulate(RunFolder(finished_run), tmp_path / "empty", 0.02, 0)


def test_objects_that_the_truth_does_not_know_are_not_answered(finished_run, tmp_path, capsys):
    shutil.copytree(tmp_path / "truth" / "a", tmp_path / "truth" / "sub" / "b")
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    objects = {c.candidate_id: c.object_id for c in tables.CANDIDATES.records(tables.CANDIDATES.read(finished_run))}
    assert {objects[key] for key in statuses(finished_run)} == {"1", "2"}
    n_others = sum(one not in ("1", "2") for one in objects.values())
    assert f"candidates without ground truth {n_others} " in " ".join(capsys.readouterr().out.split())


def test_a_damaged_ground_truth_rejects_its_video(finished_run, tmp_path, capsys):
    folder = tmp_path / "truth" / "sub" / "b"
    folder.mkdir(parents=True)
    for idx in range(12):
        (folder / f"{idx:05d}.png").write_bytes(b"no png")
    with pytest.raises(typer.Exit) as leaving:
        simulate(RunFolder(finished_run), tmp_path / "truth", 0.02, 0)
    assert leaving.value.exit_code == 3
    assert "rejected sub/b: ground truth" in capsys.readouterr().out


def test_the_truth_of_a_folder_is_looked_up_by_the_names_of_its_frames(finished_run, request, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    by_index = statuses(finished_run)
    request.getfixturevalue("run_of_a_folder")
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    assert statuses(finished_run) == by_index


def test_a_candidate_outside_of_its_frame_rejects_its_video(finished_run, tmp_path):
    file = next((finished_run / "candidates").glob("a.*.parquet"))
    first, *others = tables.CANDIDATES.records(pq.read_table(file))
    tables.CANDIDATES.write(file, [replace(first, x=2**31 - 1), *others], RunFolder(finished_run).metadata())
    with pytest.raises(
        UsageProblem,
        match=r"a: table .candidates. is damaged .*\(2147483647, \d+\) lies outside the frame of 80x60 pixels",
    ):
        simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
