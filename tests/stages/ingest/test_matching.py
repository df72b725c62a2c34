from __future__ import annotations

import numpy as np
import pytest

from schemas.localizations import Clicks, Localization, MaskHint
from schemas.masks import encode_rle
from schemas.video_files import VideoFile
from stages.ingest.matching import Matches, match


def at(video_id: str, object_id: str = "1", frame_idx: int = 0, x: float = 1.0, **more: str) -> Localization:
    more = {"input_uri": "hints.json", **more}
    return Localization(video_id, object_id, frame_idx, Clicks(((x, 2.0),), (1,)), **more)


def mask(video_id: str, object_id: str = "1") -> Localization:
    return Localization(video_id, object_id, 0, MaskHint(encode_rle(np.eye(2, dtype=bool)), 2, 2), input_uri="masks")


def matched(localizations: list[Localization], *video_ids: str) -> Matches:
    return match(localizations, [VideoFile(video_id, f"/v/{video_id}.mp4") for video_id in video_ids])


def on_folder(frame_name: str, *frames: str) -> Matches:
    files = [VideoFile("clip", "/v/clip", tuple(f"/v/clip/{name}" for name in frames)), VideoFile("b", "/v/b.mp4")]
    return match([at("clip", frame_name=frame_name)], files)


@pytest.mark.parametrize(
    ("name", "videos", "expected"),
    [
        ("dog", ["dog", "480p/dog"], "dog"),
        ("dog", ["480p/dog", "480p/hotdog"], "480p/dog"),
        ("480p/dog", ["JPEGImages/480p/dog", "JPEGImages/1080p/dog"], "JPEGImages/480p/dog"),
        ("OVIS_train/5d24", ["5d24", "5d25"], "5d24"),
        ("OVIS_train/5d24", ["videos/OVIS_train/5d24"], "videos/OVIS_train/5d24"),
        ("a/b/c", ["c", "b/c"], "b/c"),
        ("ein Bär 熊", ["zoo/ein Bär 熊"], "zoo/ein Bär 熊"),
        ("clip.mp4", ["clip", "clip_2"], "clip"),
        ("clip_2.MOV", ["clip", "clip_2"], "clip_2"),
        ("clip.mp4", ["clip", "clip.mp4"], "clip.mp4"),
        ("a.b", ["a", "a.b"], "a.b"),
        ("data/upload/1/clip.mp4", ["set/clip", "other"], "set/clip"),
        ("upload/3/ab12cd34-clip.mp4", ["clip", "other"], "clip"),
        ("/data/local-files/?d=my%20set/clip.mp4", ["my set/clip", "my/clip"], "my set/clip"),
        ("C:\\data\\clip.mp4", ["clip", "other"], "clip"),
        ("set\\clip", ["set/clip", "other/clip"], "set/clip"),
        ("s3://bucket/set/clip.mp4", ["set/clip", "other/clip"], "set/clip"),
        ("./clip/", ["clip", "other"], "clip"),
        ("Clip", ["clip", "other"], "clip"),
        ("Clip", ["clip", "Clip"], "Clip"),
        ("caf\u00e9", ["cafe\u0301", "cafe"], "cafe\u0301"),
        ("x/cafe\u0301.mp4", ["caf\u00e9", "cafe"], "caf\u00e9"),
    ],
)
def test_a_name_finds_its_video(name, videos, expected):
    found = matched([at(name)], *videos)
    assert not found.rejects
    assert found.by_video == {expected: [at(expected)]}


def test_videos_come_in_their_own_order_and_without_the_unused():
    found = matched([at("b"), at("a"), at("b", "2")], "a", "b", "c")
    assert {video: [one.object_id for one in own] for video, own in found.by_video.items()} == {
        "a": ["1"],
        "b": ["1", "2"],
    }
    assert list(found.by_video) == ["a", "b"]


def test_a_name_that_fits_two_videos_is_rejected_and_both_named():
    found = matched([at("dog"), at("dog", "2")], "train/dog", "val/dog")
    (reject,) = found.rejects
    assert not found.by_video
    assert (reject.stage, reject.key, reject.error, reject.input_uri) == (
        "ingest",
        "dog",
        "ambiguous_video",
        "hints.json",
    )
    assert "'train/dog' or 'val/dog'" in reject.detail
    assert "2 objects" in reject.detail


@pytest.mark.parametrize(
    ("name", "videos"),
    [("upload/1/clip.mp4", ["a/clip", "b/clip"]), ("CLIP", ["clip", "Clip"]), ("É", ["e\u0301", "é"])],
)
def test_a_loose_name_that_fits_two_videos_is_rejected_too(name, videos):
    (reject,) = matched([at(name)], *videos).rejects
    assert reject.error == "ambiguous_video"
    assert all(repr(video) in reject.detail for video in videos)


def test_an_unknown_video_is_rejected_with_the_closest_ids():
    found = matched([at("blackswam"), at("dog")], "480p/blackswan", "480p/dog")
    (reject,) = found.rejects
    assert list(found.by_video) == ["480p/dog"]
    assert (reject.key, reject.error) == ("blackswam", "unknown_video")
    assert "similar names: '480p/blackswan'" in reject.detail


@pytest.mark.parametrize("name", ["og", "480p", "p/dog", "val/dog"])
def test_only_whole_components_count(name):
    (reject,) = matched([at(name)], "480p/dog").rejects
    assert reject.error == "unknown_video"


@pytest.mark.parametrize("one", [at(""), at("17"), at("hints"), mask("masks")])
def test_with_one_video_hints_that_name_none_are_its_own(one):
    found = matched([one], "clip")
    assert [own.video_id for own in found.by_video["clip"]] == ["clip"]
    assert not found.rejects
    (note,) = found.notes
    assert note.endswith("assigned to the only one, 'clip'.")


@pytest.mark.parametrize(("one", "error"), [(at(""), "no_video"), (at("17"), "unknown_video")])
def test_with_several_videos_hints_that_name_none_are_rejected(one, error):
    found = matched([one], "clip", "other")
    assert not found.by_video
    assert [reject.error for reject in found.rejects] == [error]


def test_two_names_of_one_video_may_not_localize_an_object_twice():
    found = matched([at("dog"), at("480p/dog", x=5.0), at("480p/dog", frame_idx=3)], "480p/dog")
    (reject,) = found.rejects
    assert [one.frame_idx for one in found.by_video["480p/dog"]] == [0, 3]
    assert reject.error == "conflicting_entries"


@pytest.mark.parametrize(
    ("name", "frames", "expected"),
    [
        ("00001.png", ["00001.jpg", "00002.jpg"], 0),
        ("00010.png", ["00000.jpg", "00005.jpg", "00010.jpg"], 2),
        ("img_0000003", ["img_0000001.jpg", "img_0000002.jpg", "img_0000003.jpg"], 2),
        ("frame_000001.png", ["frame_000000.PNG", "frame_000001.PNG"], 1),
        ("FRAME0002.PNG", ["frame0001.jpg", "frame0002.jpg"], 1),
        ("7.png", ["00005.jpg", "00007.jpg"], 1),
        ("1690000000.08", ["1690000000.04.jpg", "1690000000.08.jpg"], 1),
        ("first.png", ["first.jpg"], 0),
        ("00002.jpg.png", ["00001.jpg", "00002.jpg"], 1),
    ],
)
def test_a_frame_name_is_the_frame_of_that_name(name, frames, expected):
    found = on_folder(name, *frames)
    assert not found.rejects
    assert found.by_video == {"clip": [at("clip", frame_idx=expected)]}


def test_a_position_stays_a_position_in_a_folder_that_starts_elsewhere():
    files = [VideoFile("clip", "/v/clip", ("/v/clip/00001.jpg", "/v/clip/00002.jpg"))]
    assert match([at("clip", frame_idx=1)], files).by_video == {"clip": [at("clip", frame_idx=1)]}


@pytest.mark.parametrize("name", ["00000.png", "img_0000001.png"])
def test_a_name_that_no_frame_has_is_rejected_and_near_ones_are_named(name):
    found = on_folder(name, "00001.jpg", "00002.jpg")
    (reject,) = found.rejects
    assert not found.by_video
    assert (reject.key, reject.error) == (f"clip/{name}", "unknown_frame")
    assert f"no frame is named '{name}'; similar names: '00001.jpg'" in reject.detail
    assert "the video has 2 frames, '00001.jpg' to '00002.jpg'" in reject.detail


def test_a_name_that_two_frames_have_is_rejected():
    (reject,) = on_folder("1.png", "01.jpg", "001.jpg").rejects
    assert reject.error == "ambiguous_frame"
    assert "'01.jpg' and '001.jpg'" in reject.detail


@pytest.mark.parametrize(("name", "expected"), [("00012.png", 12), ("frame_000012.PNG", 12), ("img_0000003", 2)])
def test_in_a_video_file_the_number_of_a_frame_name_is_the_index(name, expected):
    (one,) = matched([at("clip", frame_name=name)], "clip").by_video["clip"]
    assert (one.frame_idx, one.frame_name) == (expected, "")


def test_in_a_video_file_a_frame_name_without_number_is_rejected():
    (reject,) = matched([at("clip", frame_name="first.png")], "clip").rejects
    assert reject.error == "bad_frame"


def test_masks_in_a_folder_an_object_are_that_object():
    found = matched([mask("sav_1/000"), mask("sav_1/001")], "sav_1", "sav_2")
    assert not found.rejects
    assert [one.object_id for one in found.by_video["sav_1"]] == ["000", "001"]


def test_masks_in_a_folder_of_several_objects_keep_them_apart():
    found = matched([mask("sav_1/000", "1"), mask("sav_1/000", "2")], "sav_1", "sav_2")
    assert [one.object_id for one in found.by_video["sav_1"]] == ["000/1", "000/2"]


def test_real_narratives_find_their_videos(shared_data):
    from stages.ingest.registry import read_localizations
    from stages.video.corpus import find_local, group_files

    localizations, _ = read_localizations(shared_data / "vidln/vidln_sample.jsonl")
    root = str(shared_data / "vidln/videos")
    videos, _ = group_files(find_local(root), root)
    matches = match(localizations, videos)
    assert not matches.rejects
    assert {video: len(found) for video, found in matches.by_video.items()} == {
        "OVIS_train/5d24e4ea": 24,
        "OVIS_train/71217dfc": 13,
        "oops_train/Slo Mo Symphony _ A Classical Tribute to Slo Mo Fails24": 37,
    }


@pytest.mark.parametrize(
    ("names", "uri", "kept"),
    [
        (["train/1", "val/1"], "/data/train/1.mp4", ["train/1"]),
        (["train/1.mp4", "val/1.mp4", "1"], "/data/val/1.mp4", ["val/1.mp4", "1"]),
        (["a/1", "b/1"], "/data/1.mp4", []),
        (["a/1", "b/1", "1"], "/data/1.mp4", ["1"]),
        (["a/set/1", "b/set/1"], "/data/set/1.mp4", []),
        (["C:\\Set\\1.MP4", "set/1", "1.mp4"], "/data/other/1.mp4", ["C:\\Set\\1.MP4", "set/1", "1.mp4"]),
    ],
)
def test_names_from_other_folders_than_the_videos_are_not_mixed_into_it(names, uri, kept):
    localized = [at(name, object_id=str(number)) for number, name in enumerate(names)]
    found = match(localized, [VideoFile("1", uri)])
    assert [names[int(one.object_id)] for one in found.by_video.get("1", ())] == kept
    assert [(reject.key, reject.error) for reject in found.rejects] == [
        (name, "ambiguous_video") for name in names if name not in kept
    ]
