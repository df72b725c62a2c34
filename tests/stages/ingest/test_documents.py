from __future__ import annotations

import time

import pytest

from schemas.localizations import Localization
from stages.ingest.documents import parse_json, read_text
from stages.ingest.errors import IngestError
from stages.ingest.registry import read_localizations


def clicks(x="1", video="v", frame="0", object_id="1", name='"dog"') -> str:
    return (
        f'{{"{video}": {{"frame": {frame}, "points": '
        f'[{{"object_id": {object_id}, "x": {x}, "y": 2, "name": {name}}}]}}, '
        '"sound": {"frame": 0, "points": [{"object_id": 1, "x": 1, "y": 2}]}}'
    )


def read(tmp_path, content: str | bytes, name="hints.json") -> tuple[list[Localization], list[str]]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, rejects = read_localizations(path)
    assert all(reject.key.encode("utf-8") and reject.detail.encode("utf-8") for reject in rejects)
    return found, [reject.error for reject in rejects]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"x": "1" * 400}, "not_finite"),
        ({"x": "9" * 5_000}, "not_finite"),
        ({"x": "NaN"}, "not_finite"),
        ({"x": "-Infinity"}, "not_finite"),
        ({"x": "1e999"}, "not_finite"),
        ({"x": "[" * 500 + "]" * 500}, "malformed"),
        ({"frame": "3000000000"}, "bad_frame"),
        ({"frame": "1e300"}, "too_large"),
        ({"frame": '"' + "9" * 5_000 + '.png"'}, "bad_frame"),
        ({"video": r"\ud800"}, "invalid_value"),
        ({"object_id": r'"\udfff"'}, "invalid_value"),
        ({"name": r'"a\ud83d"'}, "invalid_value"),
        ({"name": '"' + "x" * 3_000_000 + '"'}, "invalid_value"),
        ({"object_id": '"' + "x" * 3_000_000 + '"'}, "invalid_value"),
    ],
)
def test_a_hostile_value_rejects_its_entry_and_the_rest_is_read(tmp_path, bad, error):
    found, errors = read(tmp_path, clicks(**bad))
    assert [one.video_id for one in found] == ["sound"]
    assert error in errors


def test_json_that_is_nested_too_deeply_is_refused():
    with pytest.raises(IngestError, match="not_json"):
        parse_json("[" * 1_000_000, "deep.json")


def test_looking_for_a_key_given_twice_takes_linear_time():
    pairs = [f'"{i}": 0' for i in range(60_000)]
    start = time.perf_counter()
    with pytest.raises(IngestError, match="key '59999' is given twice"):
        parse_json("{" + ", ".join([*pairs, pairs[-1]]) + "}", "keys.json")
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_text_is_read_in_the_encodings_and_with_the_line_ends_of_common_editors(tmp_path, encoding, newline):
    table = newline.join(["video,frame,object,x0,y0,x1,y1", "été,0,1,1,2,3,4", ""])
    (one,), errors = read(tmp_path, table.encode(encoding), "boxes.csv")
    assert (one.video_id, one.hint.xyxy_px, errors) == ("été", (1.0, 2.0, 3.0, 4.0), [])
    (two, _), errors = read(tmp_path, clicks(video="été").replace(", ", f",{newline}").encode(encoding))
    assert (two.video_id, errors) == ("été", [])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("hints.csv", "video,frame\nété".encode("latin-1"), "not UTF-8 text (byte 12); save it as UTF-8"),
        ("hints.json", b"\x89PNG\r\n\x1a\n\0\0", "is a PNG picture; give a file of hints"),
        ("hints.json", b"\0\0\0\x18ftypisom", "is a video; give a file of hints"),
        ("clip.avi", b"RIFF", "is a video; give a file of hints"),
        ("hints.xlsx", b"PK\x03\x04", "is a ZIP archive (or Excel file); give a file of hints"),
        ("hints.csv", "video,frame".encode("utf-16-le"), "is binary, or UTF-16 without a mark; save it as UTF-8 text"),
    ],
)
def test_a_file_that_is_no_text_says_what_it_is(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IngestError) as caught:
        read_text(tmp_path / name)
    assert caught.value.error == "not_text"
    assert said in caught.value.detail
