from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import tables
from stages.video.corpus import find_local, group_files


def ids(paths, root):
    videos, rejects = group_files([(path, 1) for path in paths], root)
    assert not rejects
    return [video.video_id for video in videos]


def test_a_video_id_is_the_path_below_the_root_without_extension():
    assert ids(["/c/a.mp4", "/c/deep/b.MOV", "/c/deep/c.d.webm"], "/c") == ["a", "deep/b", "deep/c.d"]
    assert ids(["c/a.mp4"], "c/") == ["a"]
    assert ids(["gs://bucket/c/x/a.mp4"], "gs://bucket/c") == ["x/a"]


def test_a_file_is_a_corpus_of_one():
    assert ids(["/c/deep/a.mp4"], "/c/deep/a.mp4") == ["a"]
    assert ids(["a.mp4"], "a.mp4") == ["a"]


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("/c/*.mp4", ["a", "b/a"]),
        ("/c/**/a.mp4", ["a", "b/a"]),
        ("/c/?/a.mp4", ["a", "b/a"]),
        ("/*/a.mp4", ["c/a", "c/b/a"]),
        ("/c/[ab].mp4", ["a", "b/a"]),
    ],
)
def test_below_a_glob_is_below_its_first_wildcard(root, expected):
    assert ids(["/c/a.mp4", "/c/b/a.mp4"], root) == expected


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder():
    assert ids(["/clips [2020]/a.mp4"], "/clips [2020]") == ["a"]


def test_a_folder_of_images_is_one_video_in_playing_order():
    paths = [f"/d/dog/{name}" for name in ("10.jpg", "9.jpg", "100.jpg", "2.JPEG")]
    (video,), rejects = group_files([(path, 5) for path in paths], "/d")
    assert not rejects
    assert (video.video_id, video.uri, video.n_bytes) == ("dog", "/d/dog", 20)
    assert video.frames == ("/d/dog/2.JPEG", "/d/dog/9.jpg", "/d/dog/10.jpg", "/d/dog/100.jpg")


@pytest.mark.parametrize(
    "names",
    [
        ["t1690000000.0", "t1690000000.04", "t1690000000.08", "t1690000000.1", "t1690000000.36", "t1690000000.4"],
        ["0.9", "1.0", "1.08", "1.1", "10.5"],
        ["v1.8", "v1.9", "v1.10", "v1.11"],
        ["0-1", "0-2", "0-10", "0-19"],
        ["a.1", "a.2", "a.10"],
        ["00-01-59.5", "00-02-00.5", "00-10-00.5"],
        ["Frame1", "frame2", "Frame10"],
        ["img", "img1", "img02"],
    ],
)
def test_numbers_in_names_sort_as_numbers_and_fractions_as_fractions(names):
    paths = [f"/d/dog/{name}.jpg" for name in names]
    (video,), _ = group_files([(path, 1) for path in sorted(paths)], "/d")
    assert list(video.frames) == paths


@pytest.mark.parametrize("path", ["/c/caf\udce9/0.jpg", "/c/a/caf\udce9.png", "/c/caf\udce9.mp4"])
def test_a_name_that_is_not_utf_8_rejects_that_video_only(path):
    videos, (reject,) = group_files([(path, 1), ("/c/b.mp4", 1)], "/c")
    assert [video.video_id for video in videos] == ["b"]
    assert reject.error == "name_not_utf8"
    assert "caf\\xe9" in reject.detail
    tables.REJECTS.to_arrow([reject])


@pytest.mark.parametrize("root", ["/d/dog", "/d/*", "/d/dog/*.jpg"])
def test_a_frame_folder_is_found_by_itself(root):
    assert ids(["/d/dog/0.jpg", "/d/dog/1.jpg"], root) == ["dog"]


def test_a_single_image_is_a_video_of_one_frame():
    (video,), _ = group_files([("/d/0.png", 1)], "/d/0.png")
    assert (video.video_id, video.frames) == ("0", ("/d/0.png",))


def test_names_are_kept_as_they_are():
    name = f"ein  Bär läuft 熊 {'x' * 220}"
    assert ids([f"/c/{name}.mp4"], "/c") == [name]


def test_other_files_hidden_files_and_posters_are_left_out():
    paths = ["/c/a.mp4", "/c/poster.jpg", "/c/readme.txt", "/c/._a.mp4", "/c/.cache/b.mp4", "/c/a.srt"]
    assert ids(paths, "/c") == ["a"]


def test_a_hidden_folder_above_the_root_does_not_hide_the_videos():
    assert ids(["/home/.data/a.mp4"], "/home/.data") == ["a"]


def test_a_file_that_was_named_and_is_unknown_is_rejected():
    videos, (reject,) = group_files([("/c/notes.txt", 1)], "/c/notes.txt")
    assert not videos
    assert (reject.stage, reject.key, reject.error) == ("ingest", "notes", "unknown_extension")
    assert "'notes.txt'" in reject.detail
    assert ".mp4" in reject.detail


@pytest.mark.parametrize("paths", [["/c/a.mp4", "/c/a.mov"], ["/c/a.mp4", "/c/a/0.jpg"]])
def test_two_videos_of_one_id_are_rejected_and_both_named(paths):
    videos, (reject,) = group_files([*((path, 1) for path in paths), ("/c/b.mp4", 1)], "/c")
    assert [video.video_id for video in videos] == ["b"]
    assert (reject.key, reject.error) == ("a", "duplicate_video_id")
    assert all(path.removesuffix("/0.jpg") in reject.detail for path in paths)


def test_jpeg_and_png_in_one_folder_are_rejected():
    videos, (reject,) = group_files([("/c/a/0.jpg", 1), ("/c/a/0.png", 1)], "/c")
    assert not videos
    assert reject.error == "mixed_frame_types"


def test_local_files_are_listed_with_sizes(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.mp4").write_bytes(b"12")
    (tmp_path / "a.mp4").write_bytes(b"1")
    a, b = str(tmp_path / "a.mp4"), str(tmp_path / "deep/b.mp4")
    assert find_local(str(tmp_path)) == find_local(f"{tmp_path}/") == [(a, 1), (b, 2)]
    assert find_local(a) == [(a, 1)]
    assert find_local(f"{tmp_path}/*") == [(a, 1), (b, 2)]
    assert find_local(f"{tmp_path}/**/*.mp4") == [(a, 1), (b, 2)]


def test_links_are_followed_once(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.mp4").write_bytes(b"1")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    assert find_local(str(tmp_path / "corpus")) == [(os.fspath(tmp_path / "corpus/linked/a.mp4"), 1)]


@pytest.mark.parametrize("pattern", ["gone", "gone/*.mp4"])
def test_a_missing_path_is_named(tmp_path: Path, pattern):
    with pytest.raises(FileNotFoundError, match=r"no file at .*gone"):
        find_local(str(tmp_path / pattern))


def test_an_empty_folder_is_called_empty(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"holds no files; give a video file, a folder"):
        find_local(str(tmp_path))


def test_media_that_nothing_reads_are_named_where_a_folder_holds_nothing_else():
    files = [("d/a/1.heic", 5), ("d/a/2.heic", 5), ("d/b/1.jpg", 5), ("d/b/poster.psd", 5), ("d/c.mp4", 5)]
    videos, (reject, other) = group_files([*files, ("d/e/1.jfif", 5)], "d")
    assert [video.video_id for video in videos] == ["b", "c"]
    assert (reject.key, reject.error) == ("a", "unreadable_format")
    assert "2 .heic files" in reject.detail
    assert (other.key, other.error) == ("e", "unreadable_format")


def test_raw_streams_and_animations_are_videos_and_a_preview_hides_no_frames():
    files = [("d/a.h264", 1), ("d/b.265", 1), ("d/c.ivf", 1), ("d/e/0.jpg", 1), ("d/e/preview.gif", 1)]
    videos, rejects = group_files(files, "d")
    assert [video.video_id for video in videos] == ["a", "b", "c", "e", "e/preview"]
    assert not rejects


def test_folders_that_may_not_be_listed_are_told_and_the_rest_is_found(tmp_path: Path):
    """In a process of its own, for which the rights of files count, also where tests run as root."""
    for name in ("good", "locked/deep", "names only", "alone"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "0.jpg").write_bytes(b"1")
    for name, mode in (("locked", 0o000), ("names only", 0o600), ("alone", 0o000)):
        (tmp_path / name).chmod(mode)
    code = (
        "import sys; from stages.video.corpus import find_local, group_files, unreadable_folder\n"
        "errors = []; found = find_local(sys.argv[1], errors.append)\n"
        "print([video.video_id for video in group_files(found, sys.argv[1])[0]])\n"
        "for error in errors: print(*(unreadable_folder(error, sys.argv[1]).key,), error.strerror, sep=': ')\n"
        "find_local(sys.argv[1] + '/alone')\n"
    )
    bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if bound and not shutil.which("setpriv"):
        pytest.skip("as root, and there is no setpriv to drop root's right to read everything")
    command = [*bound, sys.executable, "-c", code, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    for name in ("locked", "names only", "alone"):
        (tmp_path / name).chmod(0o700)
    assert answer.stdout.splitlines() == [
        "['good']", "alone: Permission denied", "locked: Permission denied", "names only: Permission denied",
    ]  # fmt: skip
    assert answer.stderr.endswith(f"Permission denied: '{tmp_path}/alone'\n")
