"""Joining the small files of a run: every reader sees the same rows before, after, and whenever it is cut off."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from pipeline.commands.compact import compact
from pipeline.commands.export import ExportFormat, export
from pipeline.commands.merge import merge
from pipeline.commands.run_doctor import RunChecks
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import UNIT_TABLES, RunFolder
from pipeline.runs.joining import join_table
from pipeline.runs.names import unit_name
from pipeline.runs.rounds import move_unit
from pipeline.runs.units import unit_records, videos_of
from schemas import tables
from tests.kills import contents, killer

JOINED = (*UNIT_TABLES, tables.POINTS, tables.VIDEOS)


@pytest.fixture
def run(finished_run, tmp_path, add_video) -> RunFolder:
    """Four videos with points, and a file of a unit that is not done."""
    folder = RunFolder(finished_run)
    for video_id in ("c", "d"):
        add_video(folder, video_id, ("1", "2"))
        shutil.copytree(tmp_path / "truth" / "a", tmp_path / "truth" / video_id)
    simulate(folder, tmp_path / "truth", 0.0, 0)
    merge(folder, 0.5)
    tables.MASKS.write(folder.table_file(tables.MASKS, "e.0123"), [], folder.metadata())
    return folder


def rows(folder: RunFolder):
    """All that commands read of the run, by whole tables and video by video."""
    whole = [table.read(folder.path).to_pylist() for table in tables.TABLES]
    filtered = tables.MASKS.read(folder.path, [("object_id", "=", "1")], ["frame_idx", "rle"]).to_pylist()
    units = [[unit_records(folder, table, video) for table in JOINED[1:]] for video in videos_of(folder)]
    counts = [table.n_rows(folder.path) for table in tables.TABLES]
    assert counts == [len(found) for found in whole]
    return whole, filtered, units, folder.committed()


def n_files(folder: RunFolder) -> list[int]:
    return [len(table.files(folder.path)) for table in JOINED]


def test_all_rows_are_read_as_before_from_one_file_a_table(run):
    before = rows(run)
    compact(run)
    assert rows(run) == before
    assert n_files(run) == [1, 2, 1, 1, 1, 1, 1]  # the masks of what is not done stay apart
    once = contents(run.path)
    compact(run)
    assert contents(run.path) == once


def test_wherever_it_is_killed_no_row_is_missing_or_twice_and_it_ends_the_same(run, tmp_path):
    before, start = rows(run), tmp_path / "start"
    shutil.copytree(run.path, start)
    with killer() as kill:
        numbers = list(kill.kills(run.path, "compact", "--run", run.path, at_most=18))
        after = contents(run.path)
        for number in numbers:
            shutil.rmtree(run.path)
            shutil.copytree(start, run.path)
            assert kill.run(run.path, "compact", "--run", run.path, kill_at=number)[0] == -9
            assert rows(run) == before
            assert kill.run(run.path, "compact", "--run", run.path)[0] == 0
            assert contents(run.path) == after


def test_merge_and_export_after_it_give_what_they_give_without(run, tmp_path):
    merge(run, 0.2)
    points = rows(run)
    export(run, ExportFormat.POINTVOS, tmp_path / "before")
    merge(run, 0.5)
    compact(run)
    merge(run, 0.2)
    assert rows(run) == points
    assert not tables.POINTS.joined(run.path)  # what was joined is superseded
    export(run, ExportFormat.POINTVOS, tmp_path / "after")
    assert contents(tmp_path / "after") == contents(tmp_path / "before")


def test_a_video_is_dropped_from_joined_files_and_made_again_as_a_small_one(run, add_video):
    before = rows(run)
    compact(run)
    video = next(video for video in videos_of(run) if video.video_id == "c")
    run.drop_unit("c", video.unit)
    assert sorted(run.committed()) == ["a", "d", "sub/b"]
    assert not any(table.has_unit(run.path, unit_name("c", video.unit)) for table in UNIT_TABLES)
    points = tables.POINTS.read(run.path)
    add_video(run, "c", ("1", "2"))
    assert tables.POINTS.read(run.path).equals(points)
    assert rows(run) == before
    compact(run)
    assert rows(run) == before
    assert n_files(run) == [1, 2, 1, 1, 1, 1, 1]


def test_what_was_written_anew_since_it_was_joined_counts_and_is_joined_in_its_place(run):
    compact(run)
    video = videos_of(run)[0]
    masks = [replace(mask, quality=0.5) for mask in unit_records(run, tables.MASKS, video)]
    tables.MASKS.write(run.table_file(tables.MASKS, unit_name("a", video.unit)), masks, run.metadata())
    assert unit_records(run, tables.MASKS, video) == masks
    now = rows(run)
    compact(run)
    assert rows(run) == now
    assert n_files(run)[1] == 2


def test_a_file_that_says_something_of_its_own_stays_and_a_moved_video_takes_its_rows_along(run):
    video = videos_of(run)[0]
    file = run.table_file(tables.MASKS, unit_name("a", video.unit))
    tables.MASKS.write(file, unit_records(run, tables.MASKS, video), {**run.metadata(), "pointvos.round": "2"})
    compact(run)
    assert file.is_file()
    joined = next(video for video in videos_of(run) if video.video_id == "c")
    masks, hints = unit_records(run, tables.MASKS, joined), []
    moved = move_unit(run, joined, "f" * 16, hints)
    assert unit_records(run, tables.MASKS, moved) == masks
    assert run.committed()["c"] == "f" * 16


def test_files_are_as_large_as_is_asked_for(run):
    sizes = [file.stat().st_size for file in tables.CANDIDATES.files(run.path)]
    done = set(tables.VIDEOS.stems(run.path))
    assert join_table(run.path, tables.CANDIDATES, done, target=max(sizes) + 1) == (4, 2)
    assert [len(file.units) for file in tables.CANDIDATES.joined(run.path)] == [2, 2]


def test_a_damaged_joined_file_is_named_by_the_doctor_and_repaired_away(run):
    compact(run)
    assert list(RunChecks(run).faults())[1:] == []  # but for the masks of what is not done
    (file,) = (joined.path for joined in tables.CANDIDATES.joined(run.path))
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    (fault,) = RunChecks(run).faults()
    assert str(file) in fault.text
    fault.repair()
    assert not run.committed()
