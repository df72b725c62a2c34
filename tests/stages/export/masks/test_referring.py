"""Words and the masks that they mean, written, read back, and scored against each other."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from schemas.expressions import joined, separated
from schemas.masks import Mask, decode_rle, encode_rle
from schemas.videos import Video
from stages.evaluate.ground_truth import find_truth
from stages.evaluate.noun_truth import read_truth, score_nouns, truth_files
from stages.evaluate.referring import by_expression, score_video
from stages.export.masks.exported import ExportedVideo
from stages.export.masks.referring import RefYouTubeVos, VideoNarrativeGrounding
from stages.ingest.registry import read_localizations

H, W, N = 12, 16, 4
CAPTION = "A dog chases a dog on grass"
BOXES = {"a0": (1, 1), "a0n0": (1, 1), "a0n1": (8, 5), "7": (5, 3)}
"""Object → left and upper edge; the noun "dog" stands twice in the caption, for two dogs."""


def drawn(object_id, idx):
    mask = np.zeros((H, W), dtype=bool)
    x, y = BOXES[object_id]
    mask[y : y + 4, x + idx : x + idx + 3] = True
    return mask


def video(name="d/clip", stems=()):
    """The actor and its noun are one dog; objects are absent on frame 2."""
    masks = [
        Mask(name, object_id, idx, H, W, encode_rle(drawn(object_id, idx)), "propagator", "m", 0.5)
        for object_id in BOXES
        for idx in (0, 1, 3)
    ]
    names = {"a0": "Dog", "a0n0": "dog", "a0n1": "dog", "7": "stone"}
    words = {"a0": CAPTION, "a0n0": "dog", "a0n1": "dog", "7": "the grey stone; a stone"}
    facts = Video(name, f"{name}.mp4", N, H, W, 10.0, 0.4, "h264", 0, 4)
    spans = {"a0n0": (2, 5), "a0n1": (15, 18)}
    return ExportedVideo(facts, masks, 0, names, stems, {"object": 1, "dog": 2, "stone": 3, "Dog": 4}, words, spans)


@pytest.fixture
def write(tmp_path):
    def written(form, found):
        for path, content in form.files(found):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
        entry = json.loads(json.dumps(form.entry(found)))
        for path, pieces in form.join(lambda: iter([entry]), found.categories):
            (tmp_path / path).write_bytes(b"".join(pieces))
        return tmp_path

    return written


def test_narratives_and_the_places_of_their_nouns_travel_and_repeated_nouns_stay_apart(write):
    folder = write(VideoNarrativeGrounding(), video())
    meta = json.loads((folder / "meta_expressions.json").read_text())["videos"]["d/clip"]
    assert meta["frames"] == ["00000", "00001", "00002", "00003"]
    assert [(one["actor_idx"], one["actor_name"], one["description"]) for one in meta["actor_narratives"]] == [
        (0, "the grey stone", "the grey stone"), (1, "a stone", "a stone"), (2, "Dog", CAPTION),
    ]  # fmt: skip
    nouns = [tuple(one.values()) for one in meta["expressions"].values()]
    assert nouns == [(0, 0, 14, 1), (1, 0, 7, 1), (2, 2, 5, 3), (2, 15, 18, 4)]
    masks = json.loads((folder / "extra_masks.json").read_text())
    assert [one["attributes"]["object_id"] for one in masks["annotations"]] == ["7", "a0", "a0n0", "a0n1"]
    assert [one is None for one in masks["annotations"][2]["segmentations"]] == [False, False, True, False]
    assert json.loads((folder / "orig_masks.json").read_text()) == {"videos": [], "annotations": []}


def test_the_nouns_come_back_as_hints_and_their_masks_too(write):
    folder = write(VideoNarrativeGrounding(), video())
    hints, rejects = read_localizations(folder / "meta_expressions.json")
    assert rejects == []
    assert [(one.video_id, one.object_id, one.hint.texts) for one in hints] == [
        ("d/clip", "1", ("the grey stone", "a stone")), ("d/clip", "3", ("dog",)), ("d/clip", "4", ("dog",)),
    ]  # fmt: skip
    masks, rejects = read_localizations(folder / "extra_masks.json")
    assert rejects == []
    found = {(one.object_id, one.frame_idx): decode_rle(one.hint.rle, H, W) for one in masks}
    ids = {"1": "7", "2": "a0", "3": "a0n0", "4": "a0n1"}
    assert set(found) == {(o, i) for o in ids for i in (0, 1, 3)}
    assert all((mask == drawn(ids[o], i)).all() for (o, i), mask in found.items())


def test_expressions_come_back_and_index_maps_are_ground_truth(write):
    folder = write(RefYouTubeVos(), video("clip", ("img_5", "img_10", "img_15", "img_20")))
    meta = json.loads((folder / "meta_expressions.json").read_text())["videos"]["clip"]
    assert meta["frames"] == ["img_5", "img_10", "img_15", "img_20"]
    assert list(meta["expressions"].values()) == [
        {"exp": CAPTION, "obj_id": "2"}, {"exp": "the grey stone", "obj_id": "1"}, {"exp": "a stone", "obj_id": "1"},
        {"exp": "dog", "obj_id": "2"}, {"exp": "dog", "obj_id": "3"},
    ]  # fmt: skip
    hints, _ = read_localizations(folder / "meta_expressions.json")
    assert {one.object_id: one.expression for one in hints} == {
        "1": "the grey stone; a stone", "2": f"{CAPTION}; dog", "3": "dog",
    }  # fmt: skip
    result = np.asarray(Image.open(folder / "results/clip/4/img_10.png"))
    assert (result == np.where(drawn("a0n1", 1), 255, 0)).all()
    assert not np.asarray(Image.open(folder / "results/clip/4/img_15.png")).any()


def test_our_results_score_1_against_our_masks_in_both_formats(write):
    folder = write(VideoNarrativeGrounding(), video())
    meta = json.loads((folder / "meta_expressions.json").read_text())
    truth = read_truth(truth_files(folder))
    scores = list(score_nouns(truth, by_expression(folder / "results", meta)))
    assert [(one.referred.words, one.score.j_and_f, one.score.n_frames) for one in scores] == [
        ("the grey stone", 1.0, 3), ("a stone", 1.0, 3), ("dog", 1.0, 3), ("dog", 1.0, 3),
    ]  # fmt: skip
    swapped = folder / "results/d/clip/2/00001.png"
    swapped.write_bytes((folder / "results/d/clip/3/00001.png").read_bytes())
    (folder / "results/d/clip/3/00000.png").unlink()
    scores = list(score_nouns(truth, by_expression(folder / "results", meta)))
    assert [round(one.score.j.mean, 3) for one in scores] == [1.0, 1.0, 0.667, 0.667]
    assert scores[3].missing == ("00000.png",)


def test_an_expression_with_a_semicolon_comes_back_as_one(write):
    found = video("clip")
    told = {**found.expressions, "7": joined(["a stone; grey", "it lies there"])}
    folder = write(RefYouTubeVos(), replace(found, expressions=told))
    (hint,) = [one for one in read_localizations(folder / "meta_expressions.json")[0] if one.object_id == "1"]
    assert hint.hint.texts == ("a stone; grey", "it lies there")
    assert separated(hint.expression) == ["a stone; grey", "it lies there"]


def test_a_small_object_is_not_lost_under_a_larger_one_and_objects_of_equal_masks_are_one(write):
    found = video("clip")
    small = np.zeros((H, W), dtype=bool)
    small[2:4, 2:4] = True
    below = Mask("clip", "7", 0, H, W, encode_rle(small), "propagator", "m", 0.1)
    folder = write(RefYouTubeVos(), replace(found, masks=[m for m in found.masks if m.object_id != "7"] + [below]))
    labels = np.asarray(Image.open(folder / "Annotations/clip/00000.png"))
    assert (labels == np.select([small, drawn("a0", 0), drawn("a0n1", 0)], [1, 2, 3])).all()


def test_results_of_ref_youtube_vos_score_1_where_masks_do_not_overlap(write):
    found = video("clip")
    found = ExportedVideo(found.video, [m for m in found.masks if m.object_id != "a0"], 0, {}, (), {"object": 1},
                          found.expressions)  # fmt: skip
    folder = write(RefYouTubeVos(), found)
    meta = json.loads((folder / "meta_expressions.json").read_text())
    truth = find_truth(folder / "Annotations", "clip")
    scores = list(score_video(truth, by_expression(folder / "results", meta)))
    assert {one.score.j_and_f for one in scores} == {1.0}
    assert len(scores) == 4


@pytest.mark.parametrize("videos", [None, [{"id": 1, "file_names": ["0.jpg"]}]])
def test_masks_that_are_no_ground_truth_are_told(tmp_path, videos):
    document = {"videos": videos, "annotations": [{"id": 1, "video_id": 1, "segmentations": []}]}
    (tmp_path / "masks.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match="is not JSON of videos with file_names"):
        read_truth([tmp_path / "masks.json"])
