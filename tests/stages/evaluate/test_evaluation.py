from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from PIL import Image

from schemas.masks import Mask, encode_rle
from schemas.points import PointCandidate, PointLabel
from stages.evaluate.evaluation import evaluate_video, truth_at
from stages.evaluate.ground_truth import find_truth, read_labels
from stages.video.frame_names import FrameNames


def box(x0, y0, x1, y1, height=20, width=30):
    mask = np.zeros((height, width), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


def mask_row(object_id, frame_idx, mask, round_=0):
    rle = encode_rle(mask)
    return Mask("v", object_id, frame_idx, *mask.shape, rle, "propagator", "flow", 0.5, round_)


def candidate(object_id, frame_idx, x, y, is_fg, stratum):
    name = f"{object_id}{frame_idx}{x}{y}"
    return PointCandidate(name, "v", object_id, frame_idx, x, y, is_fg, stratum, 0.1, 1.0, 0.5, 0, 0)


def point(x, y, label, status):
    return PointLabel("v", "1", "", "", 0, 0.0, x, y, label, status, True, "train", "s", "p", 0, 1, f"{x}-{y}")


@pytest.fixture
def palette_truth(tmp_path):
    """Three frames of two objects; object 2 leaves after the first, a corner of frame 1 is void."""
    folder = tmp_path / "v"
    folder.mkdir()
    for idx in range(3):
        labels = box(2, 2, 12, 12).astype(np.uint8)
        if idx == 0:
            labels[2:8, 20:28] = 2
        if idx == 1:
            labels[15:, 25:] = 255
        image = Image.fromarray(labels)
        image.putpalette(bytes(range(256)) * 3)
        image.save(folder / f"{idx:05d}.png")
    return tmp_path


def test_masks_are_scored_object_by_object(palette_truth):
    masks = [mask_row("1", 0, box(2, 2, 12, 12)), mask_row("1", 1, box(2, 2, 12, 7)), mask_row("9", 0, box(0, 0, 2, 2))]
    result = evaluate_video(find_truth(palette_truth, "v"), masks, protocol="all-frames")
    assert [(s.object_id, s.frame_idx, s.j) for s in result.frames] == [
        ("1", 0, 1.0),
        ("1", 1, 0.5),
        ("1", 2, 0.0),
        ("2", 0, 0.0),
    ]
    assert [(o.object_id, o.j.mean) for o in result.objects] == [("1", 0.5), ("2", pytest.approx(2 / 3))]
    assert result.unmatched == ("9",)


def test_the_latest_round_of_a_mask_counts(palette_truth):
    masks = [mask_row("1", 0, box(2, 2, 12, 12), round_=1), mask_row("1", 0, box(2, 2, 12, 7))]
    result = evaluate_video(find_truth(palette_truth, "v"), masks)
    assert result.frames[0].j == 1.0


def test_void_pixels_count_for_nothing(palette_truth):
    masks = [mask_row("1", 1, box(2, 2, 12, 12) | box(25, 15, 30, 20))]
    result = evaluate_video(find_truth(palette_truth, "v"), masks)
    assert [s.j for s in result.frames if (s.object_id, s.frame_idx) == ("1", 1)] == [1.0]


def test_candidates_and_points_are_judged_where_the_truth_is_known(palette_truth):
    candidates = [
        candidate("1", 0, 5, 5, True, "interior"),
        candidate("1", 0, 22, 4, False, "other_object"),
        candidate("1", 0, 3, 3, False, "ring"),
        candidate("1", 1, 29, 19, False, "elsewhere"),
        candidate("1", 8, 1, 1, False, "elsewhere"),
        candidate("dog", 0, 1, 1, False, "ring"),
    ]
    points = [point(5, 5, 1, "ACCEPTED"), point(0, 0, 1, "ACCEPTED"), point(2, 2, None, "AMBIGUOUS")]
    result = evaluate_video(find_truth(palette_truth, "v"), [], candidates, points)
    assert [(c.kind, c.claimed, c.truth) for c in result.candidates] == [
        ("interior", True, True),
        ("other_object", False, False),
        ("ring", False, True),
        ("ring", False, None),
        ("elsewhere", False, None),
        ("elsewhere", False, None),
    ]
    assert [(p.kind, p.claimed, p.truth) for p in result.points] == [
        ("ACCEPTED", True, True),
        ("ACCEPTED", True, False),
        ("AMBIGUOUS", None, True),
    ]


def test_a_grey_binary_mask_is_object_one(tmp_path):
    Image.fromarray(box(1, 1, 3, 3).astype(np.uint8) * 255).save(tmp_path / "0.png")
    assert np.array_equal(read_labels(tmp_path / "0.png"), box(1, 1, 3, 3))


def test_masks_of_another_size_are_refused(palette_truth):
    with pytest.raises(ValueError, match=r"mask of object '1' is \(10, 10\), its ground truth \(20, 30\)"):
        evaluate_video(find_truth(palette_truth, "v"), [mask_row("1", 0, np.ones((10, 10), dtype=bool))])


def test_truth_of_another_size_is_scaled_when_it_has_the_aspect_of_the_video(tmp_path):
    (tmp_path / "v").mkdir()
    Image.fromarray(box(1, 1, 6, 6, 10, 15).astype(np.uint8)).save(tmp_path / "v/00000.PNG")
    truth = find_truth(tmp_path, "v", size=(20, 30))
    assert truth.other_size() == (10, 15)
    (result,) = evaluate_video(truth, [mask_row("1", 0, box(2, 2, 12, 12))], protocol="all-frames").objects
    assert result.j.mean == 1.0
    with pytest.raises(
        ValueError, match=r"00000\.PNG: mask of 15x10 pixels has another aspect than the frame of 20x20"
    ):
        list(find_truth(tmp_path, "v", size=(20, 20)).frames())


def test_truth_of_16_bits_and_255_alone_in_a_palette(tmp_path):
    for name in ("deep", "binary", "void"):
        (tmp_path / name).mkdir()
    Image.fromarray(np.array([[0, 255, 1001]], np.uint16)).save(tmp_path / "deep/00000.png")
    assert [frame.object_ids() for frame in find_truth(tmp_path, "deep").frames()] == [{"255", "1001"}]
    for name, labels in (("binary/0", [[0, 255]]), ("void/0", [[0, 255]]), ("void/1", [[3, 255]])):
        image = Image.fromarray(np.array(labels, np.uint8))
        image.putpalette(bytes(range(256)) * 3)
        image.save(tmp_path / f"{name}.png")
    assert [frame.mask("1").tolist() for frame in find_truth(tmp_path, "binary").frames()] == [[[False, True]]]
    assert [frame.object_ids() for frame in find_truth(tmp_path, "void").frames()] == [set(), {"3"}]


def test_bad_ground_truth_is_named(tmp_path):
    folder = tmp_path / "v"
    folder.mkdir()
    (folder / "first.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"'first' does not end in a frame number"):
        find_truth(tmp_path, "v")
    with pytest.raises(ValueError, match=r"no frame is named 'first\.png'"):
        find_truth(tmp_path, "v", names=FrameNames(["0.jpg"]))
    with pytest.raises(ValueError, match=r"first\.png' cannot be read"):
        read_labels(folder / "first.png")
    Image.new("RGB", (2, 2), (200, 0, 0)).save(folder / "0.png")
    with pytest.raises(ValueError, match=r"0\.png' has 1 colours and no clear objects on black"):
        read_labels(folder / "0.png")
    assert find_truth(tmp_path, "other") is None


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_folder_of_a_truth_may_have_another_unicode_form(tmp_path, form):
    folder = tmp_path / unicodedata.normalize(form, "café")
    folder.mkdir()
    Image.fromarray(box(1, 1, 3, 3).astype(np.uint8)).save(folder / "00000.PNG")
    for name in ("NFC", "NFD"):
        assert list(find_truth(tmp_path, unicodedata.normalize(name, "café")).paths) == [0]


def test_two_truths_of_one_frame_are_refused(tmp_path):
    (tmp_path / "v").mkdir()
    for name in ("00001.png", "1.png"):
        Image.fromarray(box(1, 1, 3, 3).astype(np.uint8)).save(tmp_path / "v" / name)
    with pytest.raises(ValueError, match=r"00001\.png and 1\.png are for the same frame"):
        find_truth(tmp_path, "v")


def test_a_real_first_frame_scores_one_against_itself(davis):
    truth = find_truth(davis / "Annotations" / "480p", "bmx-trees")
    masks = [mask_row("1", frame.frame_idx, frame.mask("1")) for frame in truth.frames()]
    (result,) = evaluate_video(truth, masks).objects
    assert (result.n_frames, result.j.mean, result.f.mean, result.j.decay) == (78, 1.0, 1.0, 0.0)


@pytest.fixture
def binary_truth(tmp_path):
    """Two frames of one object in grey PNGs."""
    folder = tmp_path / "v"
    folder.mkdir()
    for idx in range(2):
        Image.fromarray(box(2, 2, 12, 12).astype(np.uint8) * 255).save(folder / f"{idx:05d}.png")
    return tmp_path


def test_the_only_object_of_a_run_is_the_only_one_of_the_truth_whatever_its_id(binary_truth):
    masks = [mask_row("a0", 0, box(2, 2, 12, 12)), mask_row("a0", 1, box(2, 2, 12, 7))]
    points = [candidate("a0", 0, 5, 5, True, "interior"), candidate("a0", 0, 15, 15, False, "elsewhere")]
    result = evaluate_video(find_truth(binary_truth, "v", {"a0"}), masks, points, protocol="all-frames")
    assert [(s.object_id, s.frame_idx, s.j) for s in result.frames] == [("a0", 0, 1.0), ("a0", 1, 0.5)]
    assert [(c.claimed, c.truth) for c in result.candidates] == [(True, True), (False, False)]
    assert result.unmatched == ()


@pytest.mark.parametrize("object_ids", [{"a0", "a1"}, {"2"}, set()])
def test_ids_are_labels_where_there_is_a_choice(binary_truth, object_ids):
    assert find_truth(binary_truth, "v", object_ids).sole == ""


def test_ids_are_labels_where_the_truth_has_several_objects(palette_truth):
    assert find_truth(palette_truth, "v", {"a0"}).sole == ""


def test_an_export_is_ground_truth_with_the_ids_of_its_objects(tmp_path):
    (tmp_path / "Annotations" / "v").mkdir(parents=True)
    Image.fromarray(np.array([[0, 1, 2]], np.uint8)).save(tmp_path / "Annotations/v/00000.png")
    (tmp_path / "objects.json").write_text('{"v": {"1": "man", "2": "1"}}')
    for folder in (tmp_path, tmp_path / "Annotations"):
        (frame,) = find_truth(folder, "v").frames()
        assert frame.object_ids() == {"man", "1"}
        assert [frame.mask(name).tolist() for name in ("man", "1")] == [[[False, True, False]], [[False, False, True]]]
        for name, found in (("man", [False, True, False]), ("1", [False, False, True])):
            assert [truth_at(frame, candidate(name, 0, x, 0, True, "interior")) for x in range(3)] == found
    (frame,) = find_truth(tmp_path, "v", is_by_label=True).frames()
    assert (frame.object_ids(), frame.mask("1").tolist()) == ({"1", "2"}, [[False, True, False]])
    (tmp_path / "objects.json").write_text("{")
    with pytest.raises(ValueError, match=r"objects\.json' is not JSON .* export again, or remove it"):
        find_truth(tmp_path, "v")
