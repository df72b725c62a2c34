"""Names of files and folders of a run: distinct ids never share one, and every reader sees them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import frame_folder_name, unit_name
from schemas.digests import digest

PLAIN = ("a", "a/b", "bmx-trees", "0001/00_7", "x" * 200)
IDS = (
    *PLAIN,
    "A",
    "a/B",
    "été",
    "e\u0301te\u0301",
    "été".upper(),
    "视频1",
    "视频2",
    "_a",
    "-a",
    ".a",
    "a.",
    "a ",
    "a/b.",
    "a//b",
    "a/000001.jpg",
    "..",
    "../a",
    "a/../b",
    ".",
    "",
    "/a",
    "con",
    "CON",
    "aux/b",
    "com1",
    "nul",
    "a\\b",
    "a:b",
    "a*",
    "x" * 201,
    "x" * 200 + "y",
    "ü" * 300,
    "ü" * 301,
    "\x00",
    "a\n",
    "\ud800",
    "é.1b4f0e9851971998",
    frame_folder_name("A"),
    "/".join("a" * 30),
)


def folded(name: str) -> str:
    """As a file system sees it that knows neither capitals nor Unicode forms."""
    return unicodedata.normalize("NFC", name).casefold().rstrip(". ")


def test_distinct_ids_have_distinct_folders_of_frames_on_every_file_system():
    names = {video_id: folded(frame_folder_name(video_id)) for video_id in IDS}
    assert len(set(names.values())) == len(IDS)


def test_no_folder_of_frames_has_the_name_of_a_frame_of_another_video():
    assert not [name for name in map(frame_folder_name, IDS) if ".jpg" in name]


@pytest.mark.parametrize("video_id", PLAIN)
def test_ids_that_every_file_system_keeps_stay_as_they_are(video_id, tmp_path):
    assert RunFolder(tmp_path).frames_of(video_id) == tmp_path / "frames" / video_id


@pytest.mark.parametrize("video_id", IDS)
def test_all_names_are_plain_short_and_seen_by_every_reader(video_id):
    for name in (unit_name(video_id, digest(video_id)), frame_folder_name(video_id)):
        assert name.isascii()
        for part in name.split("/"):
            assert part[0].isalnum()
            assert part[-1].isalnum() or part[-1] in "-_"
            assert len(part) <= 200
            assert part.split(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


def test_units_of_ascii_ids_keep_their_names():
    found = [unit_name(video_id, "7") for video_id in ("bmx-trees", "sub/c", "a b", "DAVIS 2017/x", "a.b", "Bear_1")]
    assert found == ["bmx-trees.7", "sub_c.7", "a_b.7", "DAVIS_2017_x.7", "a_b.7", "Bear_1.7"]


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_ids_have_two_names(one, other):
    if one != other:
        assert folded(frame_folder_name(one)) != folded(frame_folder_name(other))
        assert unit_name(one, digest(one)) != unit_name(other, digest(other))


def test_unit_names_are_short_and_unique_for_ids_that_read_alike():
    assert unit_name("a b" * 100, "0" * 16) == f"{('a_b' * 20)}.{'0' * 16}"
