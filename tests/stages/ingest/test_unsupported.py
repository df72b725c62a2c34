from __future__ import annotations

import json

import pytest

from stages.ingest.errors import IngestError
from stages.ingest.registry import read_localizations

HEADER = "video,frame,object,x0,y0,x1,y1"
FOREIGN = {
    "mots.txt": ("1 2001 2 375 1242 WSV:2d;1O10000O10000O1O\n", "MOTS text"),
    "numbers.csv": ("10,20,30,40\n", "a table without a header"),
    "own.csv": ("clip,0,1,12,90,52,130\nclip,4,1,36,90,76,130\n", "a table without a header"),
    "make_sense.csv": ("square,12,90,40,40,clip_0.jpg,320,180\n", "a table without a header"),
    "voc.xml": ("<annotation><object><name>dog</name></object></annotation>", "Pascal VOC XML"),
    "cvat.json": (json.dumps([{"version": 0, "tags": [], "shapes": [], "tracks": [{"frame": 0}]}]), "a CVAT backup"),
    "labelbox.ndjson": (json.dumps({"data_row": {"id": "a"}, "projects": {}}), "a Labelbox export"),
    "darwin.json": (json.dumps({"version": "2.0", "item": {"name": "a"}, "annotations": []}), "a V7 Darwin file"),
    "datumaro.json": (json.dumps({"info": {}, "categories": {}, "items": []}), "a Datumaro dataset"),
    "burst.json": (json.dumps({"categories": [], "sequences": [{"segmentations": []}]}), "TAO or BURST JSON"),
    "via_regions.json": (
        json.dumps({"0.jpg99": {"filename": "0.jpg", "size": 99, "regions": [], "file_attributes": {}}}),
        "a VGG Image Annotator",
    ),
    "via.json": (json.dumps({"_via_settings": {}, "_via_img_metadata": {}}), "a VGG Image Annotator"),
    "meta.json": (
        json.dumps({"videos": {"v": {"objects": {"1": {"category": "dog"}}}}}),
        "the meta.json of YouTube-VOS",
    ),
}


def refusal(tmp_path, name: str, content: str, fmt="auto") -> IngestError:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(IngestError) as caught:
        read_localizations(tmp_path / name, fmt)
    return caught.value


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_tool_is_named_and_the_way_to_convert_it(tmp_path, name):
    content, what = FOREIGN[name]
    found = refusal(tmp_path, name, content)
    assert found.error == "foreign_format"
    assert f"{name}' is {what}" in found.detail
    assert any(word in found.detail for word in ("export", "convert", "give", "header"))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"clip": {"frame": 0, "pionts": [{"object_id": 1, "x": 1, "y": 2}]}}, "write 'points' instead of 'pionts'"),
        ({"imgaes": [], "annotations": [], "categories": []}, "write 'images' instead of 'imgaes'"),
        ({"sequence": "v", "scribles": [[]]}, "write 'scribbles' instead of 'scribles'"),
        ({"foo": {"bar": 1}}, "its keys are 'foo', 'bar'; known are"),
    ],
)
def test_an_unknown_document_shows_its_keys_and_the_misspelt_one(tmp_path, document, said):
    found = refusal(tmp_path, "hints.json", json.dumps(document))
    assert found.error == "unknown_format"
    assert said in found.detail


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("video,framee,object,x0,y0,x1,y1", "write 'frame' instead of 'framee'"),
        ("vidoe,frame,object,x0,y0,x1,y1", "write 'video' instead of 'vidoe'"),
        ("video,frame,object,x0,y0,x1,yl", "column x0,y0,x1,y1 missing in the header"),
        ("video,frame,objekt,x0,y0,x1,y1", "write 'object' instead of 'objekt'"),
    ],
)
def test_a_misspelt_column_is_named(tmp_path, header, said):
    found = refusal(tmp_path, "boxes.csv", f"{header}\nv,0,1,1,2,3,4\n")
    assert found.error == "bad_header"
    assert said in found.detail


def test_a_misspelt_field_is_named_in_the_reject(tmp_path):
    points = [{"object_id": 1, "X": 1, "y": 2}, {"objectid": 1, "x": 1, "y": 2}]
    path = tmp_path / "clicks.json"
    path.write_text(json.dumps({"v": {"frame": 0, "points": points}, "w": {"fram": 0, "points": points}}))
    details = [reject.detail for reject in read_localizations(path)[1]]
    assert any("field 'x' is missing; there are 'object_id', 'X', 'y'; write 'x' instead of 'X'" in d for d in details)
    assert any("write 'object_id' instead of 'objectid'" in d for d in details)
    assert any("write 'frame' instead of 'fram'" in d for d in details)


@pytest.mark.parametrize(
    ("table", "box"),
    [
        ("Video;Frame;Object ID;X0;Y0;X1;Y1\nv;0;1;1,5;2;3;4,25\n", (1.5, 2.0, 3.0, 4.25)),
        ("video\tframe\tobject\tx0\ty0\tx1\ty1\nv\t0\t1\t1,5\t2\t3\t4\n", (1.5, 2.0, 3.0, 4.0)),
        ('"video","frame","object","x0","y0","x1","y1"\nv,0,1,1,2,3,4\n', (1.0, 2.0, 3.0, 4.0)),
    ],
)
def test_tables_of_other_separators_cases_and_decimal_commas_are_read(tmp_path, table, box):
    (tmp_path / "boxes.csv").write_text(table)
    (one,), rejects = read_localizations(tmp_path / "boxes.csv")
    assert (one.video_id, one.frame_idx, one.object_id, one.hint.xyxy_px, rejects) == ("v", 0, "1", box, [])


def test_decimal_commas_between_commas_are_rejected(tmp_path):
    (tmp_path / "boxes.csv").write_text(f"{HEADER}\nv,0,1,1,5,2,5,3,5,4,5\nv,0,2,1.5,2.5,3.5,4.5\n")
    (one,), (reject,) = read_localizations(tmp_path / "boxes.csv")
    assert one.object_id == "2"
    assert "the line has 11 columns, the header 7" in reject.detail


@pytest.mark.parametrize("fmt", ["clicks", "scribbles", "vidln", "expressions", "masks"])
def test_a_format_that_the_file_does_not_have_is_refused(tmp_path, fmt):
    found = refusal(tmp_path, "boxes.csv", f"{HEADER}\nv,0,1,1,2,3,4\n", fmt)
    assert found.error == "wrong_format"
    assert f"looks like boxes, not {fmt}" in found.detail


def test_a_folder_without_hints_says_what_it_holds(tmp_path):
    for name in ("a.mp4", "b.mp4", "notes.doc"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(IngestError, match=r"expected .*found 2 \.mp4, 1 \.doc"):
        read_localizations(tmp_path)


def test_a_folder_of_foreign_files_is_refused_once(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("1 2001 2 375 1242 WSV:2d;1O10000O10000O1O\n")
    with pytest.raises(IngestError, match=r"none of 3 files can be read; '.*0\.txt' is MOTS text"):
        read_localizations(tmp_path)


@pytest.mark.parametrize("content", ["{}", "[]", " {\n} \n"])
def test_an_empty_document_is_called_empty(tmp_path, content):
    found = refusal(tmp_path, "hints.json", content)
    assert (found.error, found.detail) == (
        "no_localizations",
        f"{str(tmp_path / 'hints.json')!r} holds an empty JSON document, so no localizations",
    )
