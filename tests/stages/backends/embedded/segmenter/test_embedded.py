import threading
from itertools import product

import cv2
import numpy as np
import pytest

from schemas.localizations import Localization
from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.click_predictor import load_click_predictor
from stages.backends.embedded.segmenter.embedded import EmbeddedSegmenter, load_embedded
from stages.segment.prompts import to_prompt
from stages.segment.segment_frame import segment_frame
from stages.simulated_prompts import simulate_box, simulate_click, simulate_clicks


@pytest.fixture(scope="module")
def segmenter():
    return load_embedded("embedded", "cpu")


def two_discs(height=240, width=320):
    """Two red discs on green grain; only the right one is asked for."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 60, (height, width, 3)).astype(np.uint8)
    image[..., 1] += 90
    discs = [cv2.circle(np.zeros((height, width), np.uint8), (x, height // 2), height // 6, 1, -1).astype(bool)
             for x in (width // 4, width * 3 // 4)]  # fmt: skip
    for mask in discs:
        image[mask] = rng.integers(0, 40, (int(mask.sum()), 3)) + np.array([190, 20, 20])
    return image, discs


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def prompt(hint, height=240, width=320):
    return to_prompt([Localization("v", "o", 0, hint)], height, width)


def test_a_click_takes_its_own_object_and_not_its_twin(segmenter):
    image, (left, right) = two_discs()
    (found,) = segmenter.segment(image, [prompt(simulate_click(right))])
    assert overlap(found.mask, right) > 0.9
    assert not (found.mask & left).any()


def test_nothing_lies_outside_the_box(segmenter):
    image, (_, right) = two_discs()
    (found,) = segmenter.segment(image, [prompt(simulate_box(right, 0.0))])
    x0, y0, x1, y1 = (int(v) for v in simulate_box(right, 0.0).xyxy_px)
    outside = np.ones_like(right)
    outside[y0:y1, x0:x1] = False
    assert not (found.mask & outside).any()


def test_a_mask_is_where_it_starts_from(segmenter):
    image, (left, right) = two_discs()
    rough = cv2.dilate(left.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    empty = np.zeros((0, 2), np.float32)
    asked = Prompt("o", "mask", empty, np.zeros(0, np.int8), empty, mask=rough)
    (found,) = segmenter.segment(image, [asked])
    assert overlap(found.mask, left) > max(0.95, overlap(rough, left))
    assert not (found.mask & right).any()


def test_threads_change_no_answer():
    image, masks = two_discs()
    draws = (simulate_click, simulate_clicks, simulate_box)
    hints = [Localization("v", f"{i}", 0, draw(mask)) for i, (draw, mask) in enumerate(product(draws, masks))]
    alone, together = (segment_frame(load_embedded("embedded", "cpu", n), image, hints)[0] for n in (1, 3))
    for object_id, segmented in alone.items():
        assert np.array_equal(segmented.mask, together[object_id].mask)
        assert segmented.quality == together[object_id].quality


@pytest.mark.parametrize(("n_objects", "where"), [(1, "MainThread"), (3, "segment")])
def test_two_prompts_are_answered_side_by_side_only_on_a_crowded_frame(n_objects, where):
    threads = []

    class Noted:
        """The predictor, noting in which threads it is asked."""

        def answer(self, *arguments):
            threads.append(threading.current_thread().name)
            return load_click_predictor("cpu").answer(*arguments)

    image, (_, right) = two_discs()
    click = np.argwhere(right).mean(axis=0)[None, ::-1].astype(np.float32)
    asked = Prompt("o", "probes", click, np.array([1], np.int8), click, n_objects=n_objects)
    one, other = EmbeddedSegmenter("embedded", Noted(), threads=2).segment(image, [asked, asked])
    assert np.array_equal(one.mask, other.mask)
    assert len(threads) == 2
    assert all(name.startswith(where) for name in threads)


def test_hints_on_a_large_frame_mean_the_same_as_on_a_smaller_one(segmenter):
    image, (_, right) = two_discs(1500, 2000)
    for draw in (simulate_click, simulate_box):
        (found,) = segmenter.segment(image, [prompt(draw(right), 1500, 2000)])
        assert overlap(found.mask, right) > 0.9


@pytest.mark.slow
def test_masks_of_real_frames_are_good(davis, segmenter):
    overlaps = []
    for sequence in ("blackswan", "breakdance", "car-shadow", "dog", "horsejump-high"):
        image = cv2.imread(str(davis / "JPEGImages/480p" / sequence / "00000.jpg"))[..., ::-1]
        truth = cv2.imread(str(davis / "Annotations/480p" / sequence / "00000.png"), cv2.IMREAD_GRAYSCALE) > 127
        asked = prompt(simulate_clicks(truth), *truth.shape)
        (found,) = segmenter.segment(np.ascontiguousarray(image), [asked])
        overlaps.append(overlap(found.mask, truth))
    assert np.mean(overlaps) > 0.8
