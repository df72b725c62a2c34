"""Result folders of Ref-YouTube-VOS and Ref-DAVIS against ground truth."""

import numpy as np
import pytest
from PIL import Image

from stages.evaluate.ground_truth import find_truth
from stages.evaluate.referring import by_annotator, by_expression, score_video

TRUTH = np.zeros((20, 30), np.uint8)
TRUTH[2:10, 2:12], TRUTH[12:18, 16:28] = 1, 2
DOCUMENT = {"videos": {"v": {"expressions": {"0": {"exp": "a dog", "obj_id": "1"}, "1": {"exp": "cats", "obj_id": 2}}}}}


def save(path, labels, *, palette=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels.astype(np.uint8), mode="P" if palette else "L")
    if palette:
        image.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0] + [0] * 759)
    image.save(path)


@pytest.fixture
def truth(tmp_path):
    for name in ("00000", "00005"):
        save(tmp_path / "truth" / "v" / f"{name}.png", TRUTH, palette=True)
    return tmp_path / "truth"


def scored(truth, referred):
    return list(score_video(find_truth(truth, "v"), referred))


def test_expressions_of_ref_youtube_vos_are_scored_each_over_all_annotated_frames(tmp_path, truth):
    results = tmp_path / "results"
    half = np.where((TRUTH == 2) & (np.arange(30) < 22), 255, 0)
    for name in ("00000", "00005"):
        save(results / "v" / "0" / f"{name}.png", np.where(TRUTH == 1, 255, 0))
        save(results / "v" / "1" / f"{name}.png", half)
    dog, cats = scored(truth, by_expression(results, DOCUMENT))
    assert (dog.score.j.mean, dog.score.f.mean, dog.score.n_frames) == (1.0, 1.0, 2)
    assert (cats.score.object_id, cats.score.j.mean) == ("2", 0.5)
    assert (cats.referred.words, cats.missing) == ("cats", ())


def test_a_frame_without_a_result_counts_as_an_empty_mask_and_an_expression_without_any_is_told(tmp_path, truth):
    save(tmp_path / "results" / "v" / "0" / "00000.png", np.where(TRUTH == 1, 255, 0))
    dog, cats = scored(truth, by_expression(tmp_path / "results", DOCUMENT))
    assert (dog.score.j.mean, dog.missing) == (0.5, ("00005.png",))
    assert cats == f"v/1: no results: folder {tmp_path / 'results' / 'v' / '1'} is missing"


def test_index_maps_of_ref_davis_are_scored_for_each_annotator_and_object(tmp_path, truth):
    for annotator, labels in (("anno_0", TRUTH), ("anno_1", np.where(TRUTH == 1, 1, 0))):
        for name in ("00000", "00005"):
            save(tmp_path / "results" / annotator / "v" / f"{name}.png", labels, palette=True)
    referred = by_annotator(tmp_path / "results", truth)
    assert [(one.expression_id, one.object_id) for one in referred] == [
        ("anno_0", "1"), ("anno_0", "2"), ("anno_1", "1"), ("anno_1", "2"),
    ]  # fmt: skip
    assert [one.score.j_and_f for one in scored(truth, referred)] == [1.0, 1.0, 1.0, 0.0]


def test_results_of_another_size_and_objects_that_are_not_there_are_told(tmp_path, truth):
    for number in ("0", "1"):
        for name in ("00000", "00005"):
            save(tmp_path / "results" / "v" / number / f"{name}.png", np.zeros((5, 5) if number == "0" else (20, 30)))
    document = {"videos": {"v": {"expressions": {"0": {"obj_id": "1"}, "1": {"obj_id": "9"}}}}}
    small, unknown = scored(truth, by_expression(tmp_path / "results", document))
    assert "00000.png is (5, 5), its ground truth (20, 30) (H, W)" in small
    assert unknown == "v/1: object '9' is not in the ground truth"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "no object 'videos'"),
        ({"videos": {"v": []}}, "video 'v' of the expressions file holds no object 'expressions'"),
        ({"videos": {"v": {"expressions": {"3": {"exp": "a dog"}}}}}, "expression v/3 names no obj_id"),
    ],
)
def test_a_file_that_names_no_objects_is_refused(tmp_path, document, told):
    with pytest.raises(ValueError, match=told):
        by_expression(tmp_path, document)
