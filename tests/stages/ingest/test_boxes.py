from __future__ import annotations

import pytest

from schemas.localizations import Box
from stages.ingest import boxes
from stages.ingest.errors import IngestError

HEADER = "video,frame,object,x0,y0,x1,y1,name,expression"


def parse(*lines: str):
    parsed = boxes.parse("\n".join(lines), "/d/boxes.csv")
    return parsed.localizations, parsed.rejects


def test_a_line_is_a_box():
    (one,), rejects = parse(HEADER, 'a b,3,1,1.5,2,30,40,dog,"the dog, on the left"')
    assert not rejects
    assert one.hint == Box((1.5, 2.0, 30.0, 40.0))
    assert (one.video_id, one.frame_idx, one.object_id) == ("a b", 3, "1")
    assert (one.object_name, one.expression) == ("dog", "the dog, on the left")
    assert (one.group, one.rule, one.input_uri) == ("objects", "box", "/d/boxes.csv")


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("video_id,frame_idx,object_id,xmin,ymin,xmax,ymax", "v,0,7,1,2,4,6"),
        ("Sequence;Frame;Track_ID;x1;y1;x2;y2", "v;0;7;1;2;4;6"),
        ("object\tvideo\tframe\tx\ty\tw\th", "7\tv\t0\t1\t2\t3\t4"),
        ("video, frame, id, x, y, width, height", "v, 0, 7, 1, 2, 3, 4"),
        ("video,frame,object,left,top,right,bottom", "v,00000.jpg,7,1,2,4,6"),
        ("video,frame,object,left,top,width,height", "v,0.0,7,1,2,3,4"),
    ],
)
def test_common_column_names_are_understood(header, line):
    (one,), rejects = parse(header, line)
    assert not rejects
    assert (one.video_id, one.frame_idx, one.object_id) == ("v", 0, "7")
    assert one.hint.xyxy_px == (1.0, 2.0, 4.0, 6.0)
    assert boxes.is_header(header)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("v,0,1,nan,2,3,4,,", "not_finite"),
        ("v,0,1,left,2,3,4,,", "malformed"),
        ("v,0,1,1,2", "malformed"),
        ("v,-1,1,1,2,3,4,,", "bad_frame"),
        ("v,first,1,1,2,3,4,,", "bad_frame"),
        ("v,0,1,3,2,3,4,,", "invalid_value"),
        ("v,0,1,-9,-9,-1,-1,,", "outside_image"),
        ("v,0,,1,2,3,4,,", "invalid_value"),
    ],
)
def test_a_bad_line_is_rejected_by_its_number_and_spares_the_others(line, error):
    (one,), (reject,) = parse(HEADER, "", line, "v,0,2,1,2,3,4,,")
    assert one.object_id == "2"
    assert (reject.key, reject.error) == ("boxes.csv:3", error)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("7", (7, "")), ("00007", (7, "")), ("7.0", (7, "")), ("00007.jpg", (7, "00007.jpg")), ("img_7", (6, "img_7"))],
)
def test_a_number_is_a_position_and_other_text_is_a_file_name(cell, expected):
    (one,), _ = parse(HEADER, f"v,{cell},1,1,2,3,4,,")
    assert (one.frame_idx, one.frame_name) == expected


def test_the_video_may_be_left_out():
    (one,), rejects = parse("frame,object,x0,y0,x1,y1", "0,1,1,2,3,4")
    assert not rejects
    assert one.video_id == ""


def test_a_header_without_a_needed_column_is_refused():
    with pytest.raises(IngestError, match="columns frame, x0,y0,x1,y1 missing in the header") as caught:
        parse("video,object,x0", "v,1,2")
    assert caught.value.error == "bad_header"


def test_what_is_no_table_is_refused():
    with pytest.raises(IngestError, match="line 2 is not valid CSV"):
        parse(HEADER, f"v,0,{'x' * 200_000},1,2,3,4,,")
