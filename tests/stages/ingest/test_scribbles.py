from __future__ import annotations

import pytest

from schemas.localizations import Scribble
from stages.ingest import scribbles


def stroke(object_id=1, path=((0.1, 0.2), (0.3, 0.4))) -> dict:
    return {"path": [list(p) for p in path], "object_id": object_id, "start_time": 0, "end_time": 900}


def parse(*frames, **changes):
    parsed = scribbles.parse({"sequence": "bear", "scribbles": list(frames)} | changes, "bear.json")
    return parsed.localizations, parsed.rejects


def test_strokes_of_one_object_on_a_frame_become_one_localization():
    localizations, rejects = parse([], [stroke(), stroke(2, [(0.5, 0.5)]), stroke(1, [(0.9, 1.0)])])
    assert not rejects
    one, two = localizations
    assert one.hint == Scribble((((0.1, 0.2), (0.3, 0.4)), ((0.9, 1.0),)), (1, 1))
    assert (one.video_id, one.object_id, one.frame_idx) == ("bear", "1", 1)
    assert (one.group, one.rule) == ("objects", "scribble")
    assert (two.object_id, two.hint.labels) == ("2", (1,))


def test_background_strokes_say_where_every_object_is_not():
    localizations, _ = parse([stroke(0, [(0.7, 0.7)]), stroke(1), stroke(2)])
    assert [one.hint.labels for one in localizations] == [(0, 1), (0, 1)]
    assert {one.hint.strokes_norm[0] for one in localizations} == {((0.7, 0.7),)}


def test_several_documents_may_share_a_file():
    parsed = scribbles.parse([{"sequence": s, "scribbles": [[stroke()]]} for s in ("a", "b")], "all.json")
    assert [one.video_id for one in parsed.localizations] == ["a", "b"]


def test_points_slightly_outside_are_put_on_the_edge_and_far_ones_dropped():
    (one,), _ = parse([stroke(1, [(-0.01, 0.5), (7.0, 0.5), (0.5, 1.02)])])
    assert one.hint.strokes_norm == (((0.0, 0.5), (0.5, 1.0)),)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ([], "empty_stroke"),
        ([(float("nan"), 0.5)], "not_finite"),
        ([(2.0, 0.5)], "outside_image"),
        ([(0.5,)], "malformed"),
    ],
)
def test_a_bad_stroke_is_rejected_and_spares_the_others(path, error):
    (one,), (reject,) = parse([stroke(1, path), stroke(2)])
    assert one.object_id == "2"
    assert (reject.key, reject.error) == ("bear/1", error)


@pytest.mark.parametrize(
    ("frame", "error"), [([stroke(0)], "no_object"), (7, "malformed"), ([{}], "missing_field"), ([7], "malformed")]
)
def test_a_bad_frame_is_rejected_and_spares_the_others(frame, error):
    (one,), (reject,) = parse(frame, [stroke()])
    assert one.frame_idx == 1
    assert (reject.key, reject.error) == ("bear", error)


def test_a_document_without_a_sequence_is_rejected():
    localizations, (reject,) = parse([stroke()], sequence="")
    assert not localizations
    assert reject.error == "malformed"
