"""Verified points of others and our own, as localizations."""

from __future__ import annotations

import io
import json
import pickle
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.ingest.errors import IngestError
from stages.ingest.registry import read_localizations

KEY = "0" * 31 + "a"


def entry(**changes):
    points = [
        {"x": 4, "y": 5, "frame_id": "000003", "status": "ACCEPTED", "is_fg_candidate": True},
        {"x": 0, "y": 0, "frame_id": "000003", "status": "REJECTED", "is_fg_candidate": False},
        {"x": 9, "y": 9, "frame_id": "000003", "status": "AMBIGUOUS", "is_fg_candidate": True},
        {"x": 7, "y": 7, "frame_id": "000012", "status": "REJECTED", "is_fg_candidate": True},
    ]
    given = {"question_hash": KEY, "question": "Is the point on the dog on the left?", "object_name": "dog",
             "video_name": "clip", "annotated_points": points}  # fmt: skip
    return given | changes


@pytest.mark.parametrize("as_lines", [False, True])
def test_entries_of_the_release_are_clicks_on_and_off_their_object(tmp_path, as_lines):
    document = {KEY: entry(), "b" * 32: entry(video_name="other", question="what?")}
    lines = "".join(json.dumps({key: one}) + "\n" for key, one in document.items())
    file = tmp_path / ("train.jsonl" if as_lines else "train.json")
    file.write_text(lines if as_lines else json.dumps(document, indent=1))
    (tmp_path / "videos.json").write_text(json.dumps({"clip": "été/clip"}))
    found, rejects = read_localizations(file)
    assert [(one.video_id, one.object_id, one.frame_idx, one.object_name, one.expression) for one in found] == [
        ("été/clip", KEY, 3, "dog", "the dog on the left"), ("other", "b" * 32, 3, "dog", "what?"),
    ]  # fmt: skip
    assert found[0].hint.xy_px == ((4.0, 5.0), (0.0, 0.0))
    assert found[0].hint.labels == (1, 0)
    assert [(one.key, one.error) for one in rejects] == [(KEY, "no_positive_click"), ("b" * 32, "no_positive_click")]
    assert "frames '000012'" in rejects[0].detail
    (tmp_path / "val.json").write_text("{}")
    assert len(read_localizations(tmp_path)[0]) == 2


def test_a_point_that_breaks_the_format_spares_the_others(tmp_path):
    broken = entry()
    broken["annotated_points"][1] |= {"status": "accepted"}
    broken["annotated_points"][2] |= {"x": -1}
    (tmp_path / "train.json").write_text(json.dumps({KEY: broken}))
    found, rejects = read_localizations(tmp_path / "train.json")
    assert found[0].hint.xy_px == ((4.0, 5.0),)
    assert [one.error for one in rejects] == ["bad_value", "outside_image", "no_positive_click"]
    assert "known are ACCEPTED, REJECTED, AMBIGUOUS" in rejects[0].detail


def tracks(**changes):
    occluded = np.array([[True, False, False], [False, False, True], [True, True, True]])
    points = np.full((3, 3, 2), 0.5, np.float32)
    points[0, 1] = (0.25, 0.75)
    return {"video": np.zeros((3, 2, 2, 3), np.uint8), "points": points, "occluded": occluded} | changes


def pickled(path, document):
    path.write_bytes(pickle.dumps(document))
    return path


def test_tracks_of_others_are_clicks_on_the_first_frame_on_which_they_are_seen(tmp_path):
    found, rejects = read_localizations(pickled(tmp_path / "tapvid_davis.pkl", {"dog": tracks()}))
    assert [(one.video_id, one.object_id, one.frame_idx, one.hint.xy_px, one.unit) for one in found] == [
        ("dog", "0", 1, ((0.25, 0.75),), "fraction"), ("dog", "1", 0, ((0.5, 0.5),), "fraction"),
    ]  # fmt: skip
    assert [(one.key, one.error) for one in rejects] == [("dog, track 2", "never_seen")]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"dog": tracks(points=np.zeros((2, 3, 2)))}, "malformed"),
        ({"dog": {"points": np.zeros((1, 1, 2))}}, "missing_field"),
        ({"dog": tracks(object_ids=["1"])}, "malformed"),
    ],
)
def test_tracks_that_do_not_fit_are_rejected_with_what_is_wrong(tmp_path, document, error):
    _, rejects = read_localizations(pickled(tmp_path / "a.pkl", document))
    assert [one.error for one in rejects] == [error]


class Evil:
    def __reduce__(self):
        return print, ("ran",)


def test_a_pickle_that_would_run_something_is_refused(tmp_path, capsys):
    with pytest.raises(IngestError, match=r"asks for builtins\.print, which is not needed for arrays"):
        read_localizations(pickled(tmp_path / "a.pkl", {"dog": Evil()}))
    assert capsys.readouterr().out == ""
    (tmp_path / "b.pkl").write_bytes(b"no pickle")
    with pytest.raises(IngestError, match="is not a pickle of TAP-Vid"):
        read_localizations(tmp_path / "b.pkl")


WORDS = {"object_id": "1", "object_name": "dog", "expression": "the dog"}
ON_3, ON_5 = {"x": [4, 0, 2], "y": [5, 0, 2], "label": [1, 0, None]}, {"x": [1], "y": [1], "label": [0]}
OF_OBJECT = [{"video_id": "v", **WORDS, "frames": [{"frame_idx": 3, **ON_3}, {"frame_idx": 5, **ON_5}]}]
OF_FRAME = [
    {"video_id": "v", "frame_idx": idx, "image": None, "objects": [{**WORDS, **points}]}
    for idx, points in ((3, ON_3), (5, ON_5))
]
OF_POINT = [
    {"video_id": "v", **WORDS, "frame_idx": idx, "x": x, "y": y, "label": label}
    for idx, x, y, label in ((3, 4, 5, 1), (3, 0, 0, 0), (5, 1, 1, 0), (3, 2, 2, None))
]


@pytest.mark.parametrize("rows", [OF_OBJECT, OF_FRAME, OF_POINT], ids=["object", "frame", "point"])
@pytest.mark.parametrize("suffix", ["parquet", "tar"])
def test_points_for_training_are_clicks_again(tmp_path, rows, suffix):
    file = tmp_path / f"train-00000.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    else:
        with tarfile.open(file, "w") as archive:
            for number, row in enumerate(rows):
                content = json.dumps(row).encode()
                member = tarfile.TarInfo(f"{number:06d}.json")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    (found,), rejects = read_localizations(file)
    assert (found.video_id, found.object_id, found.frame_idx, found.object_name, found.expression) == (
        "v", "1", 3, "dog", "the dog",
    )  # fmt: skip
    assert (found.hint.xy_px, found.hint.labels) == (((4.0, 5.0), (0.0, 0.0)), (1, 0))
    assert [(one.key, one.error) for one in rejects] == [("v/1", "no_positive_click")]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"[" * 100_000, "it is nested too deeply"), (b" " * (1 << 26) + b"{}", "'0.json' has 67,108,866 bytes")],
)
def test_a_hostile_document_in_a_shard_is_refused(tmp_path, content, why):
    with tarfile.open(tmp_path / "x.tar", "w:gz") as archive:
        member = tarfile.TarInfo("0.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    with pytest.raises(IngestError, match=f"cannot be read as TAR of JSON documents: {why}"):
        read_localizations(tmp_path / "x.tar")


def test_another_table_is_told_its_columns(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "x.parquet")
    with pytest.raises(IngestError, match="is not a table of points; its columns are 'a', 'b'"):
        read_localizations(tmp_path / "x.parquet")


def test_an_unknown_document_is_told_that_it_is_nearest_to_the_release(tmp_path):
    (tmp_path / "x.json").write_text(
        json.dumps({KEY: {"question_hsh": KEY, "video_name": "v", "anotated_points": [], "frame_id": 1}})
    )
    with pytest.raises(IngestError, match="nearest is point_vos; write 'question_hash' instead of 'question_hsh'"):
        read_localizations(tmp_path / "x.json")
