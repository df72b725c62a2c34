from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_api

from schemas.localizations import Box, MaskHint
from schemas.masks import decode_rle, encode_rle
from stages.ingest import coco, video_instances

HEIGHT, WIDTH = 90, 160
ELL = [20, 10, 40, 10, 40, 50, 100, 50, 100, 70, 20, 70]
FAR = [120, 10, 140, 10, 140, 30, 120, 30]
HOLE = [25, 55, 25, 65, 60, 65, 60, 55]


def ell():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:70, 20:40] = mask[50:70, 20:100] = True
    return mask


def parse(*segmentations, **annotation):
    document = {
        "images": [{"id": 1, "file_name": "clip/00000.jpg", "width": WIDTH, "height": HEIGHT}],
        "annotations": [
            {"id": i, "image_id": 1, "bbox": [20, 10, 80, 60], "segmentation": s} | annotation
            for i, s in enumerate(segmentations, start=1)
        ],
    }
    parsed = coco.parse(document, "coco.json")
    return [one.hint for one in parsed.localizations], [reject.error for reject in parsed.rejects]


def decoded(hint):
    return decode_rle(hint.rle, hint.height, hint.width)


def uncompressed(mask):
    flat = mask.T.ravel().astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [1 - flat[-1]]])))
    return {"size": list(mask.shape), "counts": np.diff(np.concatenate([[0], edges])).tolist()}


SHAPES = {
    "polygon": [ELL],
    "flat polygon": ELL,
    "polygon of pairs": [np.reshape(ELL, (-1, 2)).tolist()],
    "run lengths": {"size": [HEIGHT, WIDTH], "counts": encode_rle(ell())},
    "uncompressed": uncompressed(ell()),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("crowd", [0, 1])
def test_a_segmentation_is_the_mask_that_was_drawn_not_its_box(name, crowd):
    (hint,), rejects = parse(SHAPES[name], iscrowd=crowd)
    assert not rejects
    np.testing.assert_array_equal(decoded(hint), ell())


def test_parts_are_united_as_the_coco_api_does_it():
    (hint,), rejects = parse([ELL, FAR])
    assert not rejects
    np.testing.assert_array_equal(
        decoded(hint), coco_api.decode(coco_api.merge(coco_api.frPyObjects([ELL, FAR], HEIGHT, WIDTH)))
    )


def test_a_part_within_another_is_a_hole_when_it_runs_the_other_way_round():
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[55:65, 25:60] = True
    (hint,), _ = parse([ELL, FAR, HOLE])
    assert decoded(hint)[15, 125]
    np.testing.assert_array_equal(decoded(hint)[:, :110], (ell() & ~hole)[:, :110])
    (same_way,), _ = parse([ELL, np.reshape(HOLE, (-1, 2))[::-1].ravel().tolist()])
    np.testing.assert_array_equal(decoded(same_way), ell())


@pytest.mark.parametrize("nothing", [[], [[]], None, {}])
def test_without_a_segmentation_the_box_counts(nothing):
    assert parse(nothing) == ([Box((20.0, 10.0, 100.0, 70.0))], [])


BAD = {
    "two points": ([[1, 2, 3, 4]], "degenerate_polygon"),
    "no area": ([[1, 1, 5, 5, 9, 9]], "degenerate_polygon"),
    "odd": ([[1, 2, 3, 4, 5, 6, 7]], "malformed"),
    "words": ([["a", 2, 3, 4, 5, 6]], "malformed"),
    "huge number": ([[10**400, 2, 3, 4, 5, 6]], "malformed"),
    "not finite": ([[float("nan"), 2, 3, 4, 5, 6]], "not_finite"),
    "outside": ([[500, 10, 520, 10, 520, 30]], "outside_image"),
    "far outside": ([[10, 10, 1e9, 10, 1e9, 1e9]], "outside_image"),
    "a million points": ([np.random.default_rng(0).uniform(0, 90, 2_000_000).tolist()], "too_large"),
    "claims 100k x 100k": ({"size": [100_000, 100_000], "counts": encode_rle(ell())}, "bad_rle"),
    "uncompressed claims 100k x 100k": ({"size": [100_000, 100_000], "counts": [10**10]}, "bad_rle"),
    "runs that do not sum up": ({"size": [HEIGHT, WIDTH], "counts": [5, 6]}, "bad_rle"),
    "negative runs": ({"size": [HEIGHT, WIDTH], "counts": [-5, 5, HEIGHT * WIDTH]}, "bad_rle"),
    "compressed runs that do not sum up": ({"size": [HEIGHT, WIDTH + 1], "counts": encode_rle(ell())}, "bad_rle"),
    "no counts": ({"size": [HEIGHT, WIDTH]}, "missing_field"),
    "counts of another kind": ({"size": [HEIGHT, WIDTH], "counts": 7}, "malformed"),
    "size of one number": ({"size": [HEIGHT], "counts": [1]}, "malformed"),
    "empty": ({"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]}, "empty_mask"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_segmentation_that_cannot_be_drawn_is_rejected_and_spares_the_others(name):
    bad, error = BAD[name]
    (hint,), rejects = parse(bad, [FAR])
    assert isinstance(hint, MaskHint)
    assert error in rejects


def test_a_bad_part_is_rejected_and_the_others_are_drawn():
    (hint,), rejects = parse([ELL, [1, 2, 3, 4]])
    assert rejects == ["degenerate_polygon"]
    np.testing.assert_array_equal(decoded(hint), ell())


def test_a_polygon_on_an_image_of_unknown_or_immense_size_is_rejected():
    for size, error in (({}, "missing_field"), ({"width": 100_000, "height": 100_000}, "too_large")):
        image = {"id": 1, "file_name": "clip/0.jpg"} | size
        parsed = coco.parse({"images": [image], "annotations": [{"id": 1, "image_id": 1, "segmentation": [ELL]}]}, "c")
        assert [reject.error for reject in parsed.rejects] == [error]


def test_video_instances_are_one_object_an_annotation_on_the_named_frames():
    names = ["clip/00000.jpg", "clip/00005.jpg", "clip/00010.jpg"]
    document = {
        "videos": [{"id": 1, "file_names": names, "width": WIDTH, "height": HEIGHT}],
        "annotations": [
            {"id": 7, "video_id": 1, "category_id": 2, "segmentations": [None, SHAPES["uncompressed"], [FAR]],
             "bboxes": [None, [1, 2, 3, 4], [5, 6, 7, 8]]},
            {"id": 8, "video_id": 1, "category_id": 2, "bboxes": [[1, 2, 3, 4], None, None]},
            {"id": 9, "video_id": 1, "bboxes": [None]},
            {"id": 10, "video_id": 3, "bboxes": [None]},
        ],
        "categories": [{"id": 2, "name": "dog"}],
    }  # fmt: skip
    parsed = video_instances.parse(document, "instances.json")
    assert [(one.object_id, one.frame_name, one.hint.kind, one.object_name) for one in parsed.localizations] == [
        ("7", "00005.jpg", "mask", "dog"),
        ("7", "00010.jpg", "mask", "dog"),
        ("8", "00000.jpg", "box", "dog"),
    ]
    assert {one.video_id for one in parsed.localizations} == {"clip"}
    np.testing.assert_array_equal(decoded(parsed.localizations[0].hint), ell())
    assert [reject.error for reject in parsed.rejects] == ["malformed", "unknown_video"]
