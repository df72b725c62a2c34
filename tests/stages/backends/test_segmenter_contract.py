"""Every registered segmenter keeps the contract of the seam."""

import cv2
import numpy as np
import pytest

from schemas.prompts import Prompt
from stages.backends.checkpoints.catalog import WEIGHTS
from stages.backends.segmenters import SEGMENTERS, load_segmenter

EMPTY = np.zeros((0, 2), dtype=np.float32)


@pytest.fixture(scope="module", params=[name for name in SEGMENTERS if name not in WEIGHTS])
def segmenter(request):
    return load_segmenter(request.param, "cpu")


def scene(height=240, width=320):
    """A red disc with a white spot on green grain, in the middle of the right half."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 60, (height, width, 3)).astype(np.uint8)
    image[..., 1] += 90
    centre, radius = (width * 5 // 8, height // 2), min(height, width) // 5
    mask = cv2.circle(np.zeros((height, width), np.uint8), centre, radius, 1, -1).astype(bool)
    image[mask] = rng.integers(0, 40, (int(mask.sum()), 3)) + np.array([190, 20, 20])
    return image, mask


def clicks(*xy, negative=()):
    points = np.array([*xy, *negative], dtype=np.float32)
    labels = np.array([1] * len(xy) + [0] * len(negative), dtype=np.int8)
    return Prompt("o", "clicks", points, labels, points[labels == 1])


def boxed(mask):
    y, x = np.nonzero(mask)
    box = np.array([x.min() - 4, y.min() - 4, x.max() + 5, y.max() + 5], dtype=np.float32)
    return Prompt("o", "box", EMPTY, np.zeros(0, dtype=np.int8), EMPTY, box)


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def test_the_name_is_the_registry_key(segmenter):
    assert segmenter.name in SEGMENTERS


def test_prompts_are_answered_in_order_at_full_size(segmenter):
    image, mask = scene()
    segments = segmenter.segment(image, [clicks((200, 120)), boxed(mask), clicks((180, 120), (220, 120), (200, 90))])
    assert [segment.mask.shape for segment in segments] == [(240, 320)] * 3
    assert all(segment.mask.dtype == np.bool_ for segment in segments)
    assert all(0 <= segment.quality <= 1 for segment in segments)
    assert all(overlap(segment.mask, mask) > 0.8 for segment in segments)


def test_the_same_prompt_gets_the_same_answer(segmenter):
    image, mask = scene()
    alone = segmenter.segment(image, [boxed(mask)])[0]
    beside = segmenter.segment(image, [clicks((200, 120)), boxed(mask)])[1]
    assert np.array_equal(alone.mask, beside.mask)
    assert alone.quality == beside.quality


def test_a_negative_click_is_off_the_object(segmenter):
    image, _ = scene()
    segment = segmenter.segment(image, [clicks((190, 120), negative=[(235, 120)])])[0]
    assert segment.mask[120, 190]
    assert not segment.mask[120, 235]


@pytest.mark.parametrize(("height", "width"), [(64, 48), (31, 200), (1080, 1920)])
def test_any_size_and_aspect_is_taken(segmenter, height, width):
    image, _ = scene(height, width)
    segment = segmenter.segment(image, [clicks((width * 5 // 8, height // 2))])[0]
    assert segment.mask.shape == (height, width)


@pytest.mark.slow
def test_an_8k_frame_is_taken(segmenter):
    image, mask = scene(4320, 7680)
    segment = segmenter.segment(image, [clicks((4800, 2160))])[0]
    assert overlap(segment.mask, mask) > 0.8


@pytest.mark.parametrize("value", [0, 255])
def test_a_blank_image_does_not_crash(segmenter, value):
    image = np.full((120, 160, 3), value, dtype=np.uint8)
    full_box = Prompt("o", "box", EMPTY, np.zeros(0, dtype=np.int8), EMPTY, np.array([0, 0, 160, 120], np.float32))
    corner = clicks((0, 0), (159.5, 119.5))
    segments = segmenter.segment(image, [clicks((80, 60)), full_box, corner])
    assert [segment.mask.shape for segment in segments] == [(120, 160)] * 3


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="unknown segmenter 'sm'; known: embedded, embedded_fast, grabcut"):
        load_segmenter("sm")
