"""The release's format, read back by a plain reader written from its description."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

from schemas.points import PointLabel
from stages.export.index_png import index_png
from stages.export.point_vos import entries_of, point_map, to_json, to_jsonl, video_name
from stages.export.point_vos_check import problems_of

WIDTH, HEIGHT = 32, 24


def point(x, y, status, frame_idx=3, object_id="1", round_=0, video_id="v", expression=""):
    label = {"ACCEPTED": 1, "REJECTED": 0, "AMBIGUOUS": None}[status]
    return PointLabel(
        video_id, object_id, "dog", expression, frame_idx, 0.0, x, y, label, status, status == "ACCEPTED", "train",
        "s", "p", round_, 1, f"{object_id}-{frame_idx}-{x}-{y}-{round_}",
    )  # fmt: skip


POINTS = [
    point(4, 5, "ACCEPTED"),
    point(0, 0, "REJECTED"),
    point(31, 23, "AMBIGUOUS"),
    point(7, 7, "ACCEPTED", frame_idx=12),
    point(4, 5, "REJECTED", object_id="2", expression="Träume “quoted”"),
]


def write_dataset(folder, points, jsonl=False):
    entries = {entry.question_hash: entry for entry in entries_of(points)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("train.jsonl" if jsonl else "train.json")).write_bytes((to_jsonl if jsonl else to_json)(entries))
    for key, entry in entries.items():
        for frame_id in {p.frame_id for p in entry.annotated_points}:
            jpeg = folder / "train/JPEGImages" / key / f"{frame_id}.jpg"
            png = folder / "train/Annotations" / key / f"{frame_id}.png"
            for file in (jpeg, png):
                file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (WIDTH, HEIGHT)).save(jpeg)
            png.write_bytes(index_png(point_map(entry, frame_id, HEIGHT, WIDTH)))
    return folder


def plain_read(folder, jsonl):
    """{(video, object name, frame number, x, y): (status, is_fg)} and the PNG value of each point."""
    if jsonl:
        entries = {}
        for line in (folder / "train.jsonl").read_text(encoding="ascii").split("\n")[:-1]:
            entries.update(json.loads(line))
    else:
        entries = json.loads((folder / "train.json").read_text(encoding="ascii"))
    points, values = {}, {}
    for key, entry in entries.items():
        assert entry["question_hash"] == key
        assert len(key) == 32
        for p in entry["annotated_points"]:
            place = (entry["question"], int(p["frame_id"]), p["x"], p["y"])
            points[place] = (p["status"], p["is_fg_candidate"])
            png = Image.open(folder / "train/Annotations" / key / f"{p['frame_id']}.png")
            assert png.mode == "P"
            values[place] = np.asarray(png)[p["y"], p["x"]]
    return points, values


@pytest.mark.parametrize("jsonl", [False, True])
def test_a_plain_reader_finds_every_point(tmp_path, jsonl):
    folder = write_dataset(tmp_path, POINTS, jsonl)
    points, values = plain_read(folder, jsonl)
    dog, other = "Is the point on the dog?", "Is the point on Träume “quoted”?"
    assert points == {
        (dog, 3, 4, 5): ("ACCEPTED", True),
        (dog, 3, 0, 0): ("REJECTED", False),
        (dog, 3, 31, 23): ("AMBIGUOUS", False),
        (dog, 12, 7, 7): ("ACCEPTED", True),
        (other, 3, 4, 5): ("REJECTED", False),
    }
    assert [int(values[place]) for place in points] == [
        {"REJECTED": 1, "ACCEPTED": 2, "AMBIGUOUS": 255}[s] for s, _ in points.values()
    ]
    assert list(problems_of(folder)) == []


def test_of_a_pixel_asked_twice_the_latest_round_counts():
    (entry,) = entries_of([point(4, 5, "ACCEPTED", round_=1), point(4, 5, "REJECTED", round_=0)])
    assert [p.status for p in entry.annotated_points] == ["ACCEPTED"]


def test_video_names_are_one_safe_folder_each():
    names = [video_name(v) for v in ("bmx-trees", "a/b", "a b", "a*b", "a?b", "été", "x" * 300, "..", "a.b")]
    assert names[0] == "bmx-trees"
    assert len(set(names)) == len(names)
    assert all(n.isascii() and len(n) <= 120 and not set(n) & set("/*?[]. ") for n in names)


def broken(tmp_path, change):
    folder = write_dataset(tmp_path / "ok", POINTS)
    document = json.loads((folder / "train.json").read_bytes())
    key = next(k for k, e in document.items() if "dog" in e["question"])
    change(document, key)
    (folder / "train.json").write_text(json.dumps(document), encoding="ascii")
    return " | ".join(problems_of(folder))


def set_point(**values):
    return lambda document, key: document[key]["annotated_points"][0].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_point(frame_id=3), "frame_id 3 is not of type str"),
        (set_point(frame_id="3"), "frame_id '3' is not six digits"),
        (set_point(x=-1), r"point \(-1, 0\) lies outside frame 000003 of 32 x 24 pixels"),
        (set_point(x=32), r"point \(32, 0\) lies outside"),
        (set_point(y=24), r"point \(0, 24\) lies outside"),
        (set_point(x=1.0), "x 1.0 is not of type int"),
        (set_point(x=True), "x True is not of type int"),
        (set_point(x=4, y=5), r"pixel \(4, 5\) is listed twice in frame 000003"),
        (set_point(status="accepted"), "unknown status 'accepted'; known: REJECTED, ACCEPTED, AMBIGUOUS"),
        (set_point(status="AMBIGUOUS"), "is not a mode P image of the points"),
        (set_point(extra=1), "does not have exactly the fields x, y, frame_id, status, is_fg_candidate"),
        (lambda d, k: d[k]["annotated_points"][0].pop("is_fg_candidate"), "does not have exactly the fields"),
        (lambda d, k: d[k].update(video_name="v[1]"), r"video_name 'v\[1\]' has characters beyond"),
        (lambda d, k: d[k].update(question_hash="0" * 32), "is not the id"),
        (lambda d, k: d.update({"nice": d.pop(k)}), "an id is 32 hex digits"),
        (set_point(frame_id="000099"), "frame 000099 needs train/JPEGImages/[0-9a-f]{32}/000099.jpg"),
    ],
)
def test_every_demand_of_the_format_is_checked(tmp_path, change, message):
    problems = broken(tmp_path, change)
    assert re.search(message, problems), problems


def test_files_that_are_not_ascii_or_have_blank_lines_are_found(tmp_path):
    folder = write_dataset(tmp_path / "a", POINTS, jsonl=True)
    file = folder / "train.jsonl"
    good = file.read_bytes()
    file.write_bytes(good.replace(b"\n", b"\n\n", 1))
    assert any("line 2 is not JSON" in problem for problem in problems_of(folder))
    file.write_bytes(good.replace(b"dog", "dög".encode(), 1))
    assert list(problems_of(folder)) == ["train.jsonl: is not ASCII"]
    file.write_bytes(good + good)
    assert any("is used once" in problem for problem in problems_of(folder))
    file.unlink()
    assert "has neither train.json nor train.jsonl" in next(problems_of(folder))
