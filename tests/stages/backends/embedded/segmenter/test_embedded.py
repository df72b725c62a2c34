import threading
from itertools import product

import cv2
import numpy as np
import pytest

from schemas.localizations import Localization
from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.embedded import EmbeddedSettings, load_embedded
from stages.segment.segment_frame import segment_frame
from stages.simulated_prompts import simulate_box, simulate_click, simulate_clicks

FAST = EmbeddedSettings(pixels=240 * 320, zooms=1)


def two_discs():
    """Two red discs on green grain; only the right one is asked for."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 60, (240, 320, 3)).astype(np.uint8)
    image[..., 1] += 90
    masks = [cv2.circle(np.zeros((240, 320), np.uint8), (x, 120), 40, 1, -1).astype(bool) for x in (80, 240)]
    for mask in masks:
        image[mask] = rng.integers(0, 40, (int(mask.sum()), 3)) + np.array([190, 20, 20])
    return image, masks


def answer(settings, hint):
    image, _ = two_discs()
    segmenter = load_embedded("embedded", "cpu", settings)
    return segment_frame(segmenter, image, [Localization("v", "o", 0, hint)])[0]["o"]


def test_a_click_takes_its_own_object_and_not_its_twin():
    _, (left, right) = two_discs()
    mask = answer(FAST, simulate_click(right)).mask
    assert (mask & right).sum() / (mask | right).sum() > 0.9
    assert not (mask & left).any()


def test_nothing_lies_outside_the_box():
    _, (_, right) = two_discs()
    x0, y0, x1, y1 = (int(v) for v in simulate_box(right, 0.0).xyxy_px)
    mask = answer(FAST, simulate_box(right, 0.0)).mask
    outside = np.ones_like(mask)
    outside[y0 - 2 : y1 + 2, x0 - 2 : x1 + 2] = False
    assert not (mask & outside).any()


def test_so_much_bias_that_nothing_is_left_is_an_empty_mask_of_no_quality():
    image, (_, right) = two_discs()
    segmenter = load_embedded("embedded", "cpu", EmbeddedSettings(240 * 320, 1, bias=30.0))
    found, rejects = segment_frame(segmenter, image, [Localization("v", "o", 0, simulate_clicks(right))])
    assert found == {}
    assert [reject.error for reject in rejects] == ["empty_segment"]


def test_threads_change_no_answer():
    image, masks = two_discs()
    draws = (simulate_click, simulate_clicks, simulate_box)
    hints = [Localization("v", f"{i}", 0, draw(mask)) for i, (draw, mask) in enumerate(product(draws, masks))]
    alone, together = (
        segment_frame(load_embedded("embedded", "cpu", FAST, threads), image, hints)[0] for threads in (1, 3)
    )
    for object_id, segmented in alone.items():
        assert np.array_equal(segmented.mask, together[object_id].mask)
        assert segmented.quality == together[object_id].quality


def test_features_of_a_frame_are_computed_once_for_all_prompts():
    from stages.backends.embedded.features.backbone import Backbone, load_backbone
    from stages.backends.embedded.segmenter.combiner import load_combiner
    from stages.backends.embedded.segmenter.embedded import EmbeddedSegmenter

    class CountingBackbone:
        """A backbone that counts how often it looks at an image."""

        def __init__(self, backbone: Backbone):
            self.looks = 0
            self._backbone = backbone

        def features(self, *arguments):
            self.looks += 1
            return self._backbone.features(*arguments)

        def __getattr__(self, name):
            return getattr(self._backbone, name)

    image, masks = two_discs()
    backbone = CountingBackbone(load_backbone("cpu"))
    segmenter = EmbeddedSegmenter("embedded", backbone, load_combiner(), EmbeddedSettings(240 * 320, 0))
    hints = [Localization("v", str(i), 0, simulate_click(mask)) for i, mask in enumerate(masks)]
    found, _ = segment_frame(segmenter, image, hints)
    assert list(found) == ["0", "1"]
    assert backbone.looks == 1


@pytest.mark.slow
def test_masks_of_real_frames_are_good(davis):
    overlaps = []
    segmenter = load_embedded("embedded", "cpu")
    for sequence in ("blackswan", "breakdance", "car-shadow", "dog", "horsejump-high"):
        image = cv2.imread(str(davis / "JPEGImages/480p" / sequence / "00000.jpg"))[..., ::-1]
        truth = cv2.imread(str(davis / "Annotations/480p" / sequence / "00000.png"), cv2.IMREAD_GRAYSCALE) > 127
        hint = Localization("v", "o", 0, simulate_clicks(truth))
        mask = segment_frame(segmenter, np.ascontiguousarray(image), [hint])[0]["o"].mask
        overlaps.append((mask & truth).sum() / (mask | truth).sum())
    assert np.mean(overlaps) > 0.65


@pytest.mark.parametrize(("n_objects", "where"), [(1, "MainThread"), (3, "segment")])
def test_two_prompts_are_answered_side_by_side_only_on_a_crowded_frame(monkeypatch, n_objects, where):
    image, (_, right) = two_discs()
    segmenter = load_embedded("embedded", "cpu", FAST, threads=2)
    real, threads = segmenter._segment, []

    def noted(*arguments):
        threads.append(threading.current_thread().name)
        return real(*arguments)

    monkeypatch.setattr(segmenter, "_segment", noted)
    click = np.argwhere(right).mean(axis=0)[None, ::-1].astype(np.float32)
    prompt = Prompt("o", "probes", click, np.array([1], np.int8), click, n_objects=n_objects)
    one, other = segmenter.segment(image, [prompt, prompt])
    assert np.array_equal(one.mask, other.mask)
    assert len(threads) == 2
    assert all(name.startswith(where) for name in threads)
