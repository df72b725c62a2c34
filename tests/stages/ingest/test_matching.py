from __future__ import annotations

import pytest

from schemas.localizations import Clicks, Localization
from stages.ingest.matching import match


def at(video_id: str, object_id: str = "1", frame_idx: int = 0, x: float = 1.0) -> Localization:
    return Localization(video_id, object_id, frame_idx, Clicks(((x, 2.0),), (1,)), input_uri="hints.json")


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
    ],
)
def test_a_name_finds_its_video(name, videos, expected):
    matched, rejects = match([at(name)], videos)
    assert not rejects
    assert matched == {expected: [at(expected)]}


def test_videos_come_in_their_own_order_and_without_the_unused():
    matched, _ = match([at("b"), at("a"), at("b", "2")], ["a", "b", "c"])
    assert {video: [one.object_id for one in found] for video, found in matched.items()} == {
        "a": ["1"],
        "b": ["1", "2"],
    }
    assert list(matched) == ["a", "b"]


def test_a_name_that_fits_two_videos_is_rejected_and_both_named():
    matched, (reject,) = match([at("dog"), at("dog", "2")], ["train/dog", "val/dog"])
    assert not matched
    assert (reject.stage, reject.key, reject.error, reject.input_uri) == (
        "ingest",
        "dog",
        "ambiguous_video",
        "hints.json",
    )
    assert "'train/dog' or 'val/dog'" in reject.detail
    assert "2 objects" in reject.detail


def test_an_unknown_video_is_rejected_with_the_closest_ids():
    matched, (reject,) = match([at("blackswam"), at("dog")], ["480p/blackswan", "480p/dog"])
    assert list(matched) == ["480p/dog"]
    assert (reject.key, reject.error) == ("blackswam", "unknown_video")
    assert "close are '480p/blackswan'" in reject.detail


@pytest.mark.parametrize("name", ["og", "480p", "p/dog", "val/dog"])
def test_only_whole_components_count(name):
    _, (reject,) = match([at(name)], ["480p/dog"])
    assert reject.error == "unknown_video"


def test_two_names_of_one_video_may_not_localize_an_object_twice():
    matched, (reject,) = match([at("dog"), at("480p/dog", x=5.0), at("480p/dog", frame_idx=3)], ["480p/dog"])
    assert [one.frame_idx for one in matched["480p/dog"]] == [0, 3]
    assert reject.error == "conflicting_entries"


def test_real_narratives_find_their_videos(shared_data):
    from stages.corpus import find_local, group_files
    from stages.ingest.registry import read_localizations

    localizations, _ = read_localizations(shared_data / "vidln/vidln_sample.jsonl")
    root = str(shared_data / "vidln/videos")
    videos, _ = group_files(find_local(root), root)
    matched, rejects = match(localizations, [video.video_id for video in videos])
    assert not rejects
    assert {video: len(found) for video, found in matched.items()} == {
        "OVIS_train/5d24e4ea": 24,
        "OVIS_train/71217dfc": 13,
        "oops_train/Slo Mo Symphony _ A Classical Tribute to Slo Mo Fails24": 37,
    }
