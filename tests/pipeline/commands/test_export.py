"""Exports, read back by plain readers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from PIL import Image

from pipeline.commands.export import ExportFormat, export
from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.runs.exporting import ExportScope
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem, WorkProblem
from schemas import tables
from schemas.tables import DamagedTableError
from stages.evaluate.ground_truth import find_truth
from stages.export.point_vos import video_name
from stages.ingest.registry import read_localizations


def export_points(run, out, jsonl=False):
    export(RunFolder(run), ExportFormat.POINTVOS, out, "tiny", jsonl)
    return out / "tiny"


@pytest.mark.parametrize("jsonl", [False, True])
def test_points_come_back_from_the_release_format(merged_run, tmp_path, jsonl):
    folder = export_points(merged_run, tmp_path / "out", jsonl)
    text = (folder / f"train.{'jsonl' if jsonl else 'json'}").read_text(encoding="ascii")
    documents = [json.loads(line) for line in text.splitlines()] if jsonl else [json.loads(text)]
    found = set()
    for key, entry in (item for document in documents for item in document.items()):
        for p in entry["annotated_points"]:
            found.add((entry["object_name"], int(p["frame_id"]), p["x"], p["y"], p["status"], p["is_fg_candidate"]))
            assert (folder / "train/JPEGImages" / key / f"{p['frame_id']}.jpg").is_file()
            png = np.asarray(Image.open(folder / "train/Annotations" / key / f"{p['frame_id']}.png"))
            assert png[p["y"], p["x"]] == {"REJECTED": 1, "ACCEPTED": 2, "AMBIGUOUS": 255}[p["status"]]
    rows = tables.POINTS.records(tables.POINTS.read(merged_run))
    assert found == {(p.object_name, p.frame_idx, p.x, p.y, p.status, p.is_fg_candidate) for p in rows}
    assert json.loads((folder / "videos.json").read_text()) == {"a": "a"}
    for picture in (folder / "train/JPEGImages").rglob("*.jpg"):
        assert picture.samefile(folder / "JPEGImages/a" / picture.name)


def test_a_missing_frame_breaks_the_format_and_is_said(merged_run, tmp_path, capsys):
    next((merged_run / "frames" / "a").glob("*.jpg")).unlink()
    with pytest.raises(typer.Exit) as leaving:
        export_points(merged_run, tmp_path / "out")
    assert leaving.value.exit_code == 3
    assert "needs train/JPEGImages/" in capsys.readouterr().out


def test_masks_come_back_from_the_davis_layout(finished_run, tmp_path):
    out = tmp_path / "out"
    export(RunFolder(finished_run), ExportFormat.DAVIS, out)
    objects = json.loads((out / "objects.json").read_text())
    assert objects == {"a": {"1": "1", "2": "2"}, "sub/b": {"1": "dog"}}
    found, rejects = read_localizations(out)
    assert rejects == []
    assert {(one.video_id, one.object_id) for one in found} == {("a", "1"), ("a", "2"), ("sub/b", "dog")}
    for video_id, index_of in (("a", {"1": 1, "2": 2}), ("sub/b", {"dog": 1})):
        frames = {frame.frame_idx: frame.labels for frame in find_truth(out / "Annotations", video_id).frames()}
        assert sorted(frames) == list(range(12))
        for mask in tables.MASKS.records(tables.MASKS.read(finished_run)):
            if mask.video_id == video_id:
                assert np.array_equal(frames[mask.frame_idx] == index_of[mask.object_id], mask.decode())


def test_exporting_again_gives_the_same_files(merged_run, tmp_path):
    def contents():
        export_points(merged_run, tmp_path / "out")
        return {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}

    assert contents() == contents()


def test_wrong_usage_is_named(finished_run, merged_run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis").write_text("")
    with pytest.raises(UsageProblem, match="was not made by an export"):
        export_points(merged_run, tmp_path / "mine")
    with pytest.raises(UsageProblem, match=r"dataset name '\.\./x'"):
        export(RunFolder(merged_run), ExportFormat.POINTVOS, tmp_path / "out", "../x")
    for file in (merged_run / "points").iterdir():
        file.unlink()
    with pytest.raises(UsageProblem, match="has no points"):
        export_points(merged_run, tmp_path / "out")


def test_masks_of_a_folder_are_named_like_its_frames_and_points_by_decode_index(run_of_a_folder, tmp_path):
    export(RunFolder(run_of_a_folder), ExportFormat.DAVIS, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out/Annotations/a").iterdir())
    assert names == [f"frame_{5 * idx + 5:04d}.png" for idx in range(12)]
    assert (tmp_path / "out/Annotations/sub/b/00000.png").is_file()
    simulate(RunFolder(run_of_a_folder), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(run_of_a_folder), 0.0)
    folder = export_points(run_of_a_folder, tmp_path / "points")
    frames = {path.stem for path in (folder / "train/JPEGImages").rglob("*.jpg")}
    assert frames == {f"{row['frame_idx']:06d}" for row in tables.POINTS.read(run_of_a_folder).to_pylist()}


def test_two_videos_of_one_name_are_refused_and_named(finished_run, tmp_path, add_video):
    twin = video_name("Été")
    for video_id in ("Été", twin):
        add_video(RunFolder(finished_run), video_id, ("1", "2"))
        shutil.copytree(tmp_path / "truth" / "a", tmp_path / "truth" / video_id)
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.0)
    with pytest.raises(WorkProblem, match=f"would both be called '{twin}' in this format"):
        export_points(finished_run, tmp_path / "out")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("video_id", "../../a", r"video_id '\.\./\.\./a' points outside its folder"),
        ("video_id", "/tmp/a", "video_id '/tmp/a' points outside its folder"),
        ("height", 2**31 - 1, "is too large; at most"),
    ],
)
def test_a_video_that_no_annotate_wrote_is_damage_and_nothing_is_written_for_it(
    finished_run, tmp_path, column, value, reason
):
    file = next((finished_run / "videos").glob("a.*.parquet"))
    table = pq.read_table(file)
    place = table.schema.get_field_index(column)
    cell = pa.array([value], table.schema.field(column).type)
    pq.write_table(table.set_column(place, table.schema.field(column), cell), file)
    with pytest.raises(DamagedTableError, match=reason):
        export(RunFolder(finished_run), ExportFormat.DAVIS, tmp_path / "out")
    assert not list(tmp_path.rglob("out/**/*.png"))


@pytest.mark.parametrize(
    "form", sorted({*ExportFormat} - {ExportFormat.POINTVOS, ExportFormat.TAPVID})
)  # tapvid reads videos
def test_every_format_is_written_whole_and_the_same_again(merged_run, tmp_path, form, capsys):
    def contents():
        export(RunFolder(merged_run), form, tmp_path / "out")
        return {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}

    first = contents()
    assert contents() == first
    names = [path.relative_to(tmp_path / "out").as_posix() for path in first]
    assert len(names) > 1
    assert not [name for name in names if ".parts" in name or name.endswith(".tmp")]
    if form not in (ExportFormat.REF_YOUTUBE_VOS, ExportFormat.VNG):  # words and masks: one of them has to be named
        found, rejects = read_localizations(tmp_path / "out")
        assert {one.video_id.removesuffix(".mp4") for one in found} >= {"a"}
        assert {one.error for one in rejects} <= {"no_positive_click"}
    assert f"Exported {merged_run} as {form}" in "".join(capsys.readouterr().out.split("\n")[:2]).replace("\n", "")


def test_masks_come_back_from_coco_through_our_own_reader(finished_run, tmp_path):
    export(RunFolder(finished_run), ExportFormat.COCO, tmp_path / "out")
    found, rejects = read_localizations(tmp_path / "out" / "instances.json")
    masks = tables.MASKS.records(tables.MASKS.read(finished_run))
    assert not rejects
    assert sorted((one.video_id, one.frame_idx, one.hint.rle) for one in found) == sorted(
        (mask.video_id, mask.frame_idx, mask.rle) for mask in masks
    )


def rows_of(out):
    return [row for file in sorted((out / "data").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def unanswer(run, n):
    """Take the points of ``n`` candidates out of a merged run."""
    for file in tables.POINTS.files(run):
        records = tables.POINTS.records(tables.POINTS.read_files([file]))
        tables.POINTS.write(file, records[n:])
        n -= min(n, len(records))


def test_one_row_an_object_holds_its_points_and_says_what_nobody_answered(merged_run, tmp_path, capsys):
    unanswer(merged_run, 3)
    points = tables.POINTS.records(tables.POINTS.read(merged_run))
    export(RunFolder(merged_run), ExportFormat.PARQUET_OBJECTS, tmp_path / "out")
    decided = [p for p in points if p.label is not None]
    n_candidates = tables.CANDIDATES.n_rows(merged_run)
    words = capsys.readouterr().out.split()
    assert words[words.index("points") + 1] == str(len(decided))
    assert words[words.index("unanswered") + 1] == str(n_candidates - len(points))

    def keys(rows):
        return {
            (row["video_id"], row["object_id"], frame["frame_idx"], *place)
            for row in rows
            for frame in row["frames"]
            for place in zip(frame["x"], frame["y"], frame["label"], strict=True)
        }

    found = rows_of(tmp_path / "out")
    assert [row["object_id"] for row in found] == ["1", "2"]
    assert keys(found) == {(p.video_id, p.object_id, p.frame_idx, p.x, p.y, p.label) for p in decided}
    export(RunFolder(merged_run), ExportFormat.PARQUET_OBJECTS, tmp_path / "all", only=ExportScope.ALL)
    everything = rows_of(tmp_path / "all")
    assert sum(row["n_points"] for row in everything) == n_candidates
    assert {row["object_name"] for row in everything} == {"thing 1", "thing 2", "thing dog"}
    silent = [n for row in everything for f in row["frames"] for n in f["n_verdicts"]].count(0)
    assert silent == n_candidates - len(points)


def test_only_one_split_and_only_verified_masks_are_written_when_asked_for(merged_run, tmp_path):
    with pytest.raises(UsageProblem, match=r"no video of .* is in split 'val'; there are train"):
        export(RunFolder(merged_run), ExportFormat.DAVIS, tmp_path / "out", split="val")
    export(RunFolder(merged_run), ExportFormat.COCO, tmp_path / "out", only=ExportScope.VERIFIED, split="train")
    found = json.loads((tmp_path / "out/instances.json").read_text())["annotations"]
    decided = {(p.object_id, p.frame_idx) for p in tables.POINTS.records(tables.POINTS.read(merged_run))}
    frames = {
        image["id"]: image["frame_id"] for image in json.loads((tmp_path / "out/instances.json").read_text())["images"]
    }
    assert {(one["attributes"]["object_id"], frames[one["image_id"]]) for one in found} == decided


def test_the_points_of_a_run_that_nobody_answered_are_written_when_asked_for(finished_run, tmp_path):
    export(RunFolder(finished_run), ExportFormat.PARQUET_OBJECTS, tmp_path / "out", only=ExportScope.ALL)
    assert sum(row["n_points"] for row in rows_of(tmp_path / "out")) == tables.CANDIDATES.n_rows(finished_run)


def test_a_frame_on_which_nothing_was_decided_is_left_out_as_the_scripts_stop_at_it(merged_run, tmp_path, capsys):
    (file,) = tables.POINTS.files(merged_run)
    points = tables.POINTS.records(tables.POINTS.read_files([file]))
    first = (points[0].object_id, points[0].frame_idx)
    silent = [replace(p, label=None, status="AMBIGUOUS") if (p.object_id, p.frame_idx) == first else p for p in points]
    tables.POINTS.write(file, silent)
    n_there = sum((p.object_id, p.frame_idx) == first for p in points)
    folder = export_points(merged_run, tmp_path / "out")
    words = capsys.readouterr().out.split()
    assert words[words.index("left") + 2] == str(n_there)
    entries = json.loads((folder / "train.json").read_text())
    assert sum(len(entry["annotated_points"]) for entry in entries.values()) == len(points) - n_there
