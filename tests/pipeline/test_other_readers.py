"""What other people's libraries make of our exports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from pipeline.commands.export import ExportFormat, export
from pipeline.runs.folder import RunFolder
from schemas import tables


def points_of(run):
    """(object, frame, x, y, label) of the decided points of video ``a``."""
    points = tables.POINTS.records(tables.POINTS.read(run))
    return {(p.object_id, p.frame_idx, p.x, p.y, p.label) for p in points if p.label is not None}


def points_in(objects, frame_idx):
    return {
        (one["object_id"], frame_idx, *place)
        for one in objects
        for place in zip(one["x"], one["y"], one["label"], strict=True)
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_datasets_loads_frames_objects_and_nested_rows(merged_run, tmp_path):
    import datasets

    export(RunFolder(merged_run), ExportFormat.HUGGINGFACE, tmp_path / "set", "tiny")
    export(RunFolder(merged_run), ExportFormat.PARQUET_OBJECTS, tmp_path / "nested")
    cache = str(tmp_path / "cache")
    frames = datasets.load_dataset(str(tmp_path / "set"), "frames", cache_dir=cache)["train"]
    found = set().union(*(points_in(row["objects"], row["frame_idx"]) for row in frames))
    assert found == points_of(merged_run)
    assert {row["image"].size for row in frames} == {(80, 60)}
    objects = datasets.load_dataset(str(tmp_path / "set"), "objects", cache_dir=cache)["train"]
    nested = datasets.load_dataset(str(tmp_path / "nested"), cache_dir=cache)["train"]
    for rows in (objects, nested):
        assert {
            (row["object_id"], frame["frame_idx"], *place)
            for row in rows
            for frame in row["frames"]
            for place in zip(frame["x"], frame["y"], frame["label"], strict=True)
        } == points_of(merged_run)


@pytest.mark.filterwarnings("default")
def test_webdataset_reads_pictures_and_points_under_one_key(merged_run, tmp_path):
    import webdataset

    export(RunFolder(merged_run), ExportFormat.WEBDATASET, tmp_path / "shards")
    shards = [str(file) for file in sorted((tmp_path / "shards").glob("*.tar"))]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode("pil"))
    found = set().union(*(points_in(one["json"]["objects"], one["json"]["frame_idx"]) for one in samples))
    assert found == points_of(merged_run)
    assert {one["jpg"].size for one in samples} == {(80, 60)}


@pytest.mark.parametrize("form", [ExportFormat.COCO, ExportFormat.COCO_POLYGONS])
def test_pycocotools_draws_every_mask_of_a_run(finished_run, tmp_path, form):
    export(RunFolder(finished_run), form, tmp_path / "out")
    index = COCO(str(tmp_path / "out/instances.json"))
    drawn = {
        (index.imgs[one["image_id"]]["file_name"], one["attributes"]["object_id"]): index.annToMask(one).astype(bool)
        for one in index.anns.values()
    }
    masks = tables.MASKS.records(tables.MASKS.read(finished_run))
    assert len(drawn) == len(masks)
    assert all((drawn[f"{m.video_id}/{m.frame_idx:05d}.jpg", m.object_id] == m.decode()).all() for m in masks)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Oops", "Kinetics"])
def test_the_scripts_of_the_point_vos_release_run_and_count_what_we_count(merged_run, tmp_path, name):
    """Needs a checkout at POINT_VOS_SCRIPTS, and scikit-image, pandas and openpyxl."""
    scripts = Path(os.environ.get("POINT_VOS_SCRIPTS", "nowhere"))
    if not (scripts / "dataset_scripts/extract_frames.py").is_file():
        pytest.skip("no scripts; set POINT_VOS_SCRIPTS to a checkout of github.com/idilesenzulfikar/PointVOS")
    export(RunFolder(merged_run), ExportFormat.POINTVOS, tmp_path / "out", name)

    def run(script, *arguments):
        where = ("--root", tmp_path / "out", "--dataset", name, "--split", "train")
        path = os.pathsep.join([str(scripts), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            [sys.executable, "-m", f"dataset_scripts.{script}", *map(str, (*where, *arguments))],
            env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    def counts():
        lines = run("statistics", "--output_root", tmp_path, "--total_video", "--per_video").splitlines()
        return {line.split(": ")[0].split()[-2]: int(line.split(": ")[1]) for line in lines if line.startswith("Total")}

    points = tables.POINTS.records(tables.POINTS.read(merged_run))
    statuses = {status.lower(): sum(p.status == status for p in points) for status in ("ACCEPTED", "REJECTED")}
    own = counts()
    assert {key: own[key] for key in statuses} == statuses
    run("extract_frames", "--extract_annotations", "--extract_sparse_frames", "--vis_annotations")
    assert {key: value for key, value in counts().items() if key != "ambiguous"} == {
        key: value for key, value in own.items() if key != "ambiguous"
    }
    frames = {(p.object_id, p.frame_idx) for p in points}
    for folder in ("JPEGImages", "JPEGImages_Sparse", "Visualizations", "Annotations"):
        assert len(list((tmp_path / "out" / name / "train" / folder).rglob("*.*g"))) == len(frames)
