import cv2
import numpy as np
import pytest

from schemas.iou import iou
from stages.backends.embedded.features.backbone import load_backbone
from stages.backends.embedded.features.descriptors import look
from stages.backends.embedded.segmenter.self_training import WHOLE, refine
from stages.backends.embedded.segmenter.zoom import crop_box, zoom

NOTHING = np.zeros((0, 2))


def disc(height, width, centre, radius):
    return cv2.circle(np.zeros((height, width), np.uint8), centre, radius, 1, -1).astype(bool)


def picture(mask):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 60, (*mask.shape, 3)).astype(np.uint8)
    image[..., 1] += 90
    image[mask] = rng.integers(0, 40, (int(mask.sum()), 3)) + np.array([190, 20, 20])
    return image


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("cpu")


def test_a_mask_that_is_too_small_grows_to_the_object(backbone):
    mask = disc(240, 320, (200, 120), 50)
    view = look(backbone, picture(mask), 240 * 320)
    rough = disc(240, 320, (195, 115), 38)
    prior = np.where(rough, 2.0, -2.0).astype(np.float32)
    soft = refine(view, prior, WHOLE)
    assert iou(soft > 0.5, mask) > 0.9 > iou(rough, mask)
    assert soft.shape == (240, 320)


def test_nothing_is_found_where_it_is_not_allowed(backbone):
    mask = disc(240, 320, (200, 120), 50)
    view = look(backbone, picture(mask), 240 * 320)
    allowed = np.ones((240, 320), dtype=np.float32)
    allowed[:, 200:] = 0
    soft = refine(view, np.where(mask, 3.0, -3.0).astype(np.float32), WHOLE, allowed)
    assert not soft[:, 200:].any()
    assert soft[120, 170] > 0.5


def test_a_hopeless_prior_is_returned_as_it_is(backbone):
    view = look(backbone, picture(disc(240, 320, (200, 120), 50)), 240 * 320)
    soft = refine(view, np.full((240, 320), -3.0, np.float32), WHOLE)
    assert np.allclose(soft, 1 / (1 + np.exp(3)))


def test_a_small_object_is_sharp_after_a_closer_look(backbone):
    mask = disc(480, 640, (400, 200), 14)
    rough = cv2.GaussianBlur(disc(480, 640, (397, 203), 18).astype(np.float32), (0, 0), 4)
    soft = zoom(backbone, picture(mask), rough, NOTHING, 320 * 240)
    assert iou(soft > 0.5, mask) > 0.85
    assert soft.shape == (480, 640)
    assert not soft[:100].any()


def test_the_crop_holds_mask_and_seeds_with_margins():
    mask = np.zeros((100, 200), dtype=bool)
    mask[40:60, 50:70] = True
    assert crop_box(mask, np.array([[90.0, 50.0]])) == (34, 32, 107, 68)


def test_a_crop_of_nearly_everything_is_everything():
    mask = np.zeros((100, 200), dtype=bool)
    mask[10:95, 10:195] = True
    assert crop_box(mask, NOTHING) == (0, 0, 200, 100)
