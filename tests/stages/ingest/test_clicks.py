from __future__ import annotations

import pytest

from schemas.localizations import Clicks
from stages.ingest import clicks


def point(object_id=1, x=10, y=20, **more) -> dict:
    return {"object_id": object_id, "x": x, "y": y, "label": 1} | more


def parse(document):
    parsed = clicks.parse(document, "clicks.json")
    return parsed.localizations, parsed.rejects


def test_points_of_one_object_become_one_localization():
    (one, two), rejects = parse({"dog": {"frame": 3, "points": [point(), point(2), point(1, 5.5, 6, label=0)]}})
    assert not rejects
    assert one.hint == Clicks(((10.0, 20.0), (5.5, 6.0)), (1, 0))
    assert (one.video_id, one.object_id, one.frame_idx, two.object_id) == ("dog", "1", 3, "2")
    assert (one.group, one.rule, one.input_uri) == ("objects", "clicks", "clicks.json")


def test_a_video_may_have_several_frames():
    localizations, _ = parse({"dog": [{"frame": 0, "points": [point()]}, {"frame": 9, "points": [point()]}]})
    assert [one.frame_idx for one in localizations] == [0, 9]


@pytest.mark.parametrize(("frame", "idx"), [(7, 7), ("00007", 7), ("00007.jpg", 7), ("img_0000007", 6)])
def test_a_frame_is_an_index_or_a_file_name(frame, idx):
    (one,), _ = parse({"dog": {"frame": frame, "points": [point()]}})
    assert one.frame_idx == idx


def test_names_and_expressions_may_stand_on_any_point_of_the_object():
    (one,), _ = parse({"v": {"frame": 0, "points": [point(), point(name="dog", expression="the wet dog")]}})
    assert (one.object_name, one.expression) == ("dog", "the wet dog")


def test_an_entry_may_say_that_a_person_has_seen_its_masks():
    (one,), _ = parse({"v": {"frame": 0, "seen": True, "points": [point()]}})
    assert one.rule == "seen"
    (two,), _ = parse({"v": {"frame": 0, "seen": False, "points": [point()]}})
    assert two.rule == "clicks"
    assert parse({"v": {"frame": 0, "seen": 1, "points": [point()]}})[1][0].detail == "seen is 1, not true or false"


def test_a_label_left_out_is_on_the_object():
    (one,), _ = parse({"v": {"frame": 0, "points": [{"object_id": "a", "x": 1, "y": 2}]}})
    assert one.hint.labels == (1,)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (point(x=float("nan")), "not_finite"),
        (point(x=float("inf")), "not_finite"),
        (point(x=-1), "outside_image"),
        (point(y=-0.5), "outside_image"),
        (point(x="left"), "malformed"),
        (point(x=None), "malformed"),
        (point(label=2), "bad_label"),
        (point(label="yes"), "malformed"),
        ({"object_id": 1, "y": 3}, "missing_field"),
    ],
)
def test_a_bad_point_is_rejected_and_spares_the_others(bad, error):
    (one,), (reject,) = parse({"dog": {"frame": 0, "points": [bad, point()]}})
    assert one.hint.xy_px == ((10.0, 20.0),)
    assert (reject.stage, reject.key, reject.error) == ("ingest", "dog/1", error)


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"frame": 0, "points": []}, "no_points"),
        ({"frame": 0, "points": [point(label=0)]}, "no_positive_click"),
        ({"frame": -1, "points": [point()]}, "bad_frame"),
        ({"frame": "first", "points": [point()]}, "bad_frame"),
        ({"frame": 0.5, "points": [point()]}, "malformed"),
        ({"frame": None, "points": [point()]}, "malformed"),
        ({"points": [point()]}, "missing_field"),
        ({"frame": 0, "points": {}}, "malformed"),
        ({"frame": 0, "points": [7]}, "malformed"),
        ({"frame": 0, "points": [point(object_id=None)]}, "malformed"),
        (7, "malformed"),
    ],
)
def test_a_bad_entry_is_rejected_and_spares_the_other_videos(entry, error):
    (one,), (reject,) = parse({"bad": entry, "good": {"frame": 0, "points": [point()]}})
    assert one.video_id == "good"
    assert reject.key in ("bad", "bad/1")
    assert reject.error == error


def test_an_object_whose_points_are_all_bad_is_named():
    _, rejects = parse({"v": {"frame": 0, "points": [point(x=-1), point(y=-1)]}})
    assert [reject.error for reject in rejects] == ["outside_image", "outside_image", "no_points"]
