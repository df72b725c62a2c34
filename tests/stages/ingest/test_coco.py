from __future__ import annotations

import pytest

from schemas.localizations import Box
from stages.ingest import coco
from stages.ingest.errors import IngestError


def document(*annotations: dict, images: list[dict] | None = None) -> dict:
    return {
        "images": images or [{"id": 5, "file_name": "set/dog/00012.jpg", "width": 100, "height": 50}],
        "annotations": [{"id": 8, "image_id": 5, "category_id": 3, "bbox": [1, 2, 10, 20]} | a for a in annotations],
        "categories": [{"id": 3, "name": "dog"}],
    }


def parse(doc):
    parsed = coco.parse(doc, "coco.json")
    return parsed.localizations, parsed.rejects


def test_an_annotation_is_a_box_on_the_frame_that_its_image_names():
    (one,), rejects = parse(document({"caption": "the wet dog"}))
    assert not rejects
    assert one.hint == Box((1.0, 2.0, 11.0, 22.0))
    assert (one.video_id, one.frame_idx, one.object_id) == ("set/dog", 12, "8")
    assert (one.object_name, one.expression, one.group, one.rule) == ("dog", "the wet dog", "objects", "box")


def test_a_track_is_one_object_on_several_frames():
    images = [{"id": i, "video_id": 1, "frame_index": 10 * i} for i in (0, 1)]
    tracked = document({"image_id": 0, "track_id": 4}, {"id": 9, "image_id": 1, "track_id": 4}, images=images)
    localizations, rejects = parse(tracked | {"videos": [{"id": 1, "name": "dog"}]})
    assert not rejects
    assert [(one.video_id, one.object_id, one.frame_idx) for one in localizations] == [
        ("dog", "4", 0),
        ("dog", "4", 10),
    ]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"image_id": 6}, "unknown_image"),
        ({"bbox": [1, 2, 3]}, "malformed"),
        ({"bbox": [1, 2, float("nan"), 4]}, "not_finite"),
        ({"bbox": [1, 2, 0, 4]}, "invalid_value"),
        ({"bbox": [100, 2, 10, 10]}, "outside_image"),
        ({"bbox": [1, -20, 10, 10]}, "outside_image"),
        ({"bbox": None}, "malformed"),
        ({"id": None}, "missing_field"),
    ],
)
def test_a_bad_annotation_is_rejected_and_spares_the_others(bad, error):
    (one,), (reject,) = parse(document(bad, {"id": 9}))
    assert one.object_id == "9"
    assert reject.error == error


@pytest.mark.parametrize(
    ("image", "video_id"),
    [
        ({"file_name": "set/dog/00012.jpg"}, "set/dog"),
        ({"file_name": "set\\dog\\00012.jpg"}, "set/dog"),
        ({"file_name": "00012.jpg"}, ""),
        ({"file_name": "00012.jpg", "video_id": 3}, "3"),
    ],
)
def test_a_file_name_is_the_name_of_a_frame(image, video_id):
    (one,), rejects = parse(document({}, images=[{"id": 5, **image}]))
    assert not rejects
    assert (one.video_id, one.frame_name) == (video_id, "00012.jpg")


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ({"id": 6, "file_name": "dog/first"}, "bad_frame"),
        ({"id": 6}, "missing_field"),
        (7, "malformed"),
    ],
)
def test_an_image_without_video_or_frame_is_rejected(image, error):
    images = [{"id": 5, "file_name": "dog/0.jpg"}, image]
    (one,), (reject,) = parse(document({}, images=images))
    assert one.video_id == "dog"
    assert reject.error == error


def test_a_document_without_images_is_refused():
    with pytest.raises(IngestError, match="'images' is missing"):
        parse({"annotations": []})


def two_frames(*annotations: dict):
    images = [{"id": i, "file_name": f"clip/{i:06d}.jpg"} for i in (1, 2)]
    localizations, rejects = parse(document(*annotations, images=images) | {"categories": CATEGORIES})
    return [(one.object_id, one.frame_idx) for one in localizations], [reject.error for reject in rejects]


CATEGORIES = [{"id": 3, "name": "dog"}, {"id": 4, "name": "cat"}]


def on(image_id: int, annotation_id: int, **more) -> dict:
    return {"id": annotation_id, "image_id": image_id, "bbox": [10 * annotation_id, 2, 10, 20]} | more


@pytest.mark.parametrize("first", [0, 1])
def test_a_track_id_among_the_attributes_of_cvat_makes_one_object(first):
    tracks = [{"attributes": {"occluded": True, "keyframe": True, "track_id": first + i}} for i in (0, 1)]
    found = two_frames(on(1, 1, **tracks[0]), on(2, 2, **tracks[0]), on(1, 3, **tracks[1]), on(2, 4, **tracks[1]))
    assert found == ([(str(first), 1), (str(first), 2), (str(first + 1), 1), (str(first + 1), 2)], [])


def test_a_track_id_that_pandas_wrote_as_a_float_is_the_same():
    assert two_frames(on(1, 1, track_id=3.0), on(2, 2, track_id=3)) == ([("3", 1), ("3", 2)], [])


def test_a_shape_without_track_is_no_part_of_the_track_that_has_its_number():
    assert two_frames(on(1, 1, attributes={"track_id": 2}), on(2, 2)) == ([("2", 1), ("annotation-2", 2)], [])


def test_tracks_that_count_anew_in_every_category_are_told_apart():
    found = two_frames(on(1, 1, track_id=1), on(1, 2, track_id=1, category_id=4), on(2, 3, track_id=1))
    assert found == ([("dog-1", 1), ("cat-1", 1), ("dog-1", 2)], [])


def test_ids_that_annotations_of_one_image_share_are_replaced_and_said():
    found, rejects = two_frames(*({"id": 0, "image_id": i, "bbox": [x, 2, 9, 9]} for i, x in ((1, 5), (1, 20), (2, 5))))
    assert found == [("1", 1), ("2", 1), ("3", 2)]
    assert rejects == ["shared_annotation_id"]
    assert two_frames(on(1, 1), on(1, 1)) == ([("1", 1), ("1", 1)], [])  # the same again; dropped later
