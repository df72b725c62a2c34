"""Splits of a run: near-duplicates stay together, points carry them, and merge, export and the dataset obey them."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from functools import partial

import av
import cv2
import numpy as np
import pytest
import typer

from pipeline.commands.compact import compact
from pipeline.commands.export import ExportFormat, export
from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.commands.split import split
from pipeline.dataset import open_dataset
from pipeline.runs.folder import RunFolder
from pipeline.runs.splits import splits_of, write_splits
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.digests import digest
from stages.split.assignment import drawn_split
from tests.object_stores import BUCKET

ALL_TEST, ALL_VAL = "0/0/1", "0/1/0"


def rows_of(run):
    return {one.video_id: one for one in tables.SPLITS.records(tables.SPLITS.read(run))}


def point_splits(run):
    rows = tables.POINTS.read(run, columns=["video_id", "split"]).to_pylist()
    return {row["video_id"]: {other["split"] for other in rows if other["video_id"] == row["video_id"]} for row in rows}


def files_of(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def merged_run(finished_run, tmp_path):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run))
    return finished_run


def write_blobs(path, seed):
    """Coloured blobs that move to the right."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    picture = cv2.resize(small, (128, 96), interpolation=cv2.INTER_CUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as writer:
        stream = writer.add_stream("libx264", rate=10, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for idx in range(12):
            moved = np.ascontiguousarray(np.roll(picture, 3 * idx, axis=1))
            writer.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        writer.mux(stream.encode())


def cut_and_encoded(source, target):
    """Frames 3 to 9 at another quality, half as large."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = writer.add_stream("libx264", rate=Fraction(5), options={"crf": "30"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in list(reader.decode(video=0))[3:9]:
            writer.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")))
        writer.mux(stream.encode())


def annotate_clicks(pointvos, fast, corpus, run, *names):
    """Annotate an object in the middle of the videos; those called a part are half as large."""
    where = {name: (23, 23) if "part" in name else (36, 46) for name in names}
    hints = {name: {"frame": 0, "points": [{"object_id": "1", "x": x, "y": y}]} for name, (x, y) in where.items()}
    file = corpus.parent / "clicks.json"
    file.write_text(json.dumps(hints))
    answer = pointvos("annotate", corpus, "--localizations", file, "--run", run, *fast)
    assert answer.returncode == 0, answer.stderr


def test_copies_of_a_video_are_found_and_stay_where_the_original_is(pointvos, fast, tmp_path, capsys):
    corpus, run = tmp_path / "corpus", tmp_path / "run"
    for seed, name in enumerate(("one", "second")):
        write_blobs(corpus / f"{name}.mp4", seed)
    annotate = partial(annotate_clicks, pointvos, fast, corpus, run)
    annotate("one", "second")
    split(RunFolder(run))
    assert "none" in capsys.readouterr().out
    before = rows_of(run)
    assert {name: one.split for name, one in before.items()} == {
        name: drawn_split(name, (0.8, 0.1, 0.1), 0) for name in ("one", "second")
    }
    prints = files_of(run / "fingerprints")
    shutil.copy(corpus / "one.mp4", corpus / "copy.mp4")
    cut_and_encoded(corpus / "one.mp4", corpus / "more" / "part.mp4")
    annotate("one", "second", "copy", "more/part")
    answer = pointvos("split", "--run", run)
    assert answer.returncode == 0, answer.stderr
    assert "3 videos in 1 group" in answer.stdout
    assert "near-duplicates: copy, more/part, one" in answer.stdout
    after = rows_of(run)
    assert {after[name].split for name in ("copy", "more/part", "one")} == {before["one"].split}
    assert after["one"].alike == ("copy", "more/part")
    assert after["second"] == before["second"]
    assert prints.items() <= files_of(run / "fingerprints").items(), "videos are looked at once"
    written = files_of(run / "splits")
    split(RunFolder(run))
    assert files_of(run / "splits") == written


@pytest.mark.parametrize("is_joined", [False, True])
def test_points_that_are_there_get_their_split_and_exports_obey_it(merged_run, tmp_path, is_joined):
    run = RunFolder(merged_run)
    if is_joined:
        compact(run)
    before = tables.POINTS.read(merged_run).drop_columns(["split"]).sort_by("candidate_id")
    split(run, ALL_TEST, compare=False)
    assert point_splits(merged_run) == {"a": {"test"}}
    assert tables.POINTS.read(merged_run).drop_columns(["split"]).sort_by("candidate_id") == before
    points = files_of(merged_run / "points")
    export(run, ExportFormat.POINTVOS, tmp_path / "out", "tiny")
    assert json.loads((tmp_path / "out" / "tiny" / "train.json").read_text()) == {}
    assert len(json.loads((tmp_path / "out" / "tiny" / "test.json").read_text())) == 2
    assert (len(open_dataset(merged_run, "test")), len(open_dataset(merged_run, "train"))) == (1, 0)
    merge(run)
    assert point_splits(merged_run) == {"a": {"test"}}
    if not is_joined:
        assert files_of(merged_run / "points") == points


def test_a_split_that_was_cut_off_is_noticed_and_another_one_completes_it(merged_run, tmp_path):
    run = RunFolder(merged_run)
    old = files_of(merged_run / "points")
    split(run, ALL_VAL, compare=False)
    whole = files_of(merged_run / "points")
    for name, content in old.items():
        (merged_run / "points" / name).write_bytes(content)
    with pytest.raises(UsageProblem, match="the points of video 'a' are in split train, but splits/ says val"):
        export(run, ExportFormat.HUGGINGFACE, tmp_path / "out")
    with pytest.raises(UsageProblem, match="splits/ says val"):
        open_dataset(merged_run)
    split(run, ALL_VAL, compare=False)
    assert files_of(merged_run / "points") == whole


def test_merge_wants_every_video_to_have_a_split_and_no_share_beside_it(merged_run, add_video):
    run = RunFolder(merged_run)
    split(run, compare=False)
    with pytest.raises(UsageProblem, match="leave out --val-share"):
        merge(run, 0.1)
    add_video(run, "new", ("1",))
    with pytest.raises(UsageProblem, match="no split yet for 1 video, the first is 'new'"):
        merge(run)


def test_other_ratios_or_another_seed_draw_all_videos_again(finished_run):
    run = RunFolder(finished_run)
    for ratios, seed, wanted in (("1/0/0", 0, "train"), (ALL_TEST, 0, "test"), ("1/0", 3, "train")):
        split(run, ratios, seed, compare=False)
        assert set(splits_of(run).values()) == {wanted}
        assert {one.rule for one in rows_of(finished_run).values()} == {"hash"}


def test_a_run_whose_videos_are_gone_is_compared_by_the_frames_that_it_keeps(finished_run, capsys):
    with pytest.raises(typer.Exit) as leaving:
        split(RunFolder(finished_run))
    assert leaving.value.exit_code == 3
    assert "a: compared by the frames in the run" in capsys.readouterr().out
    found = tables.FINGERPRINTS.records(tables.FINGERPRINTS.read(finished_run))
    assert {(one.video_id, one.sha256, one.is_of_source) for one in found} == {("a", "", False), ("sub/b", "", False)}


def test_an_official_list_is_obeyed_and_what_it_parts_is_named(annotated, tmp_path, capsys):
    shutil.copytree(annotated, tmp_path / "run")
    official = tmp_path / "official.csv"
    official.write_text("Video,Split\na,train\nb,Validation\nnowhere,test\n")
    with pytest.raises(typer.Exit) as leaving:
        split(RunFolder(tmp_path / "run"), "1/0/0", given=official)
    assert leaving.value.exit_code == 3
    shown = capsys.readouterr().out
    assert "leak: the list separates near-duplicate videos (train: a, sub/c; val: b; test: )" in shown
    assert "names 1 video not in the run: nowhere" in shown
    assert {name: (one.split, one.rule) for name, one in rows_of(tmp_path / "run").items()} == {
        "a": ("train", "list"), "b": ("val", "list"), "sub/c": ("train", "group"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("video,split\na,trian\n", "line 2: unknown split 'trian'; known: train, val, test"),
        ("video,split\na,train\na,test\n", "line 3: video 'a' is in train and in test; keep one"),
        ("name,split\na,train\n", "has no column 'video'; its first line is 'name,split'"),
        ("video,split\nx,train\n", "names no video of the run; its videos are called a, sub/b"),
        ('video,split\n"a,train\n', "is not a CSV file in UTF-8"),
    ],
)
def test_a_wrong_list_is_refused_with_its_line(finished_run, tmp_path, text, sentence):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UsageProblem) as refused:
        split(RunFolder(finished_run), given=tmp_path / "list.csv", compare=False)
    assert sentence in str(refused.value)
    assert not (finished_run / "splits").exists()


@pytest.mark.parametrize("ratios", ["", "80", "a/b/c", "-1/2", "0/0/0", "1/1/1/1", "nan/1", "inf/1"])
def test_wrong_ratios_are_refused(finished_run, ratios):
    with pytest.raises(UsageProblem, match="expected shares of train, val and test"):
        split(RunFolder(finished_run), ratios, compare=False)


def test_a_replaced_video_is_looked_at_again(finished_run):
    run = RunFolder(finished_run)
    (finished_run / "fingerprints").mkdir()
    stale = finished_run / "fingerprints" / f"a.{digest('other')}.parquet"
    tables.FINGERPRINTS.write(stale, [])
    with pytest.raises(typer.Exit):
        split(run)
    assert not stale.exists()
    assert write_splits(run, list(rows_of(finished_run).values()), {}) == 0


def test_a_run_in_a_store_is_split_like_any_other(merged_run, tmp_path, s3, monkeypatch):
    monkeypatch.setenv("POINTVOS_STATE", str(tmp_path / "state"))
    for file in (path for path in merged_run.rglob("*") if path.is_file()):
        s3.upload_file(str(file), BUCKET, f"split/run/{file.relative_to(merged_run).as_posix()}")
    run = RunFolder.parse(f"s3://{BUCKET}/split/run")
    with pytest.raises(typer.Exit):  # its videos are gone
        split(run, ALL_TEST)
    assert point_splits(run.path) == {"a": {"test"}}
    merge(run)
    assert point_splits(run.path) == {"a": {"test"}}
