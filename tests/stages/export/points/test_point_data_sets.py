from __future__ import annotations

import io
import json
import tarfile
from contextlib import contextmanager

import pyarrow.parquet as pq
import yaml

from schemas.points import PointLabel
from schemas.ranges import VideoTables
from schemas.videos import Video
from stages.export.points import huggingface, webdataset
from stages.export.points.annotated import annotated
from stages.export.points.facts import DataFacts

JPEG = b"\xff\xd8\xff\xd9"


def point(object_id, frame_idx, x, y, label, split="train", round_=0):
    status = {1: "ACCEPTED", 0: "REJECTED", None: "AMBIGUOUS"}[label]
    return PointLabel("a b", object_id, "dog", "the dog", frame_idx, 0.0, x, y, label, status, True, split, "s", "p",
                      round_, 1, f"{object_id}{frame_idx}{x}{y}")  # fmt: skip


def video(split="train"):
    facts = Video("a b", "u", 9, 20, 30, 25.0, 0.36, "h264", 0, 2, times_s=tuple(i / 25 for i in range(9)))
    points = [
        point("10", 4, 3, 2, 1, split), point("2", 4, 7, 9, 0, split), point("2", 4, 5, 1, 1, split),
        point("2", 0, 8, 8, None, split), point("2", 8, 1, 1, 0, split), point("2", 8, 1, 1, 1, split, round_=1),
    ]  # fmt: skip
    found = annotated(VideoTables(facts, points=tuple(points)))
    assert found is not None
    return found


def read_frame(video_id, frame_idx):
    return JPEG if frame_idx == 4 else None


def written(write_shards, number, videos):
    """What a writer wrote, by path, in the order in which files were opened."""
    files = {}

    @contextmanager
    def open_file(path):
        buffer = io.BytesIO()
        files[path] = b""
        yield buffer
        files[path] = buffer.getvalue()

    write_shards(number, videos, read_frame, open_file)
    return files


def test_points_are_sorted_by_place_and_the_latest_answer_counts():
    found = video()
    assert (list(found.frames), found.object_ids, found.n_points) == ([4, 8], ["2", "10"], 4)
    assert found.frames[4][0].row() == {
        "object_id": "2", "object_name": "dog", "expression": "the dog", "x": [5, 7], "y": [1, 9], "label": [1, 0],
    }  # fmt: skip
    assert found.frames[8][0].row()["label"] == [1]
    assert annotated(VideoTables(found.video, points=(point("2", 0, 8, 8, None),))) is None


def test_parquet_shards_hold_a_row_for_every_frame_and_for_every_object():
    files = written(huggingface.write_shards, 3, [video(), video("val")])
    wanted = [(config, split) for split in ("train", "val") for config in ("frames", "objects")]
    assert list(files) == [f"data/{config}/{split}-00003.parquet" for config, split in wanted]
    frames = pq.read_table(io.BytesIO(files["data/frames/train-00003.parquet"])).to_pylist()
    assert [(row["frame_idx"], row["time_s"]) for row in frames] == [(4, 0.16), (8, 0.32)]
    assert frames[0]["image"] == {"bytes": JPEG, "path": "a b/000004.jpg"}
    assert frames[1]["image"] is None
    objects = pq.read_table(io.BytesIO(files["data/objects/train-00003.parquet"])).to_pylist()
    assert [(row["object_id"], [frame["frame_idx"] for frame in row["frames"]]) for row in objects] == [
        ("2", [4, 8]), ("10", [4]),
    ]  # fmt: skip


def test_a_card_names_the_files_and_the_features_of_what_is_there():
    counts = {"train": {"videos": 2, "objects": 4, "points": 1000}, "val": {"videos": 0, "objects": 0, "points": 0}}
    text = huggingface.card("my-set", counts, DataFacts()).decode()
    header = yaml.safe_load(text.split("---\n")[1])
    assert header["configs"][0] == {
        "config_name": "frames", "default": True,
        "data_files": [{"split": "train", "path": "data/frames/train-*.parquet"}],
    }  # fmt: skip
    features = {feature["name"]: feature for feature in header["dataset_info"][0]["features"]}
    assert features["image"] == {"name": "image", "dtype": "image"}
    assert {"name": "label", "list": "int8"} in features["objects"]["list"]
    assert "| train | 2 | 4 | 1,000 |\n\n" in text


def test_tar_shards_hold_a_picture_and_its_points_under_one_key_without_dots_or_spaces():
    ((name, content),) = written(webdataset.write_shards, 1, [video("val")]).items()
    assert name == "val-00001.tar"
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        jpeg, document = archive.getmembers()
        assert jpeg.name.removesuffix(".jpg") == document.name.removesuffix(".json")
        assert "." not in jpeg.name.removesuffix(".jpg")
        assert " " not in jpeg.name
        assert json.load(archive.extractfile(document))["objects"][1]["x"] == [3]
    assert content == written(webdataset.write_shards, 1, [video("val")])[name]
