import time

import cv2
import numpy as np
import pytest

from schemas.iou import iou
from stages.backends.embedded.features.cuts import (
    MAYBE_FG,
    SURE_BG,
    SURE_FG,
    grab_cuts,
    keep_seeded,
    seed_window,
    trimap_of,
)


def disc_image():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 40, (120, 160, 3)).astype(np.uint8)
    disc = cv2.circle(np.zeros((120, 160), np.uint8), (80, 60), 25, 1, -1).astype(bool)
    image[disc] = rng.integers(180, 220, (int(disc.sum()), 3))
    return image, disc


def test_a_bright_disc_is_cut_out_of_a_dark_ground():
    image, disc = disc_image()
    trimap = trimap_of((120, 160), np.array([40, 20, 120, 100]), np.array([[80, 60]]), np.zeros((0, 2)), 3)
    earlier, final = grab_cuts(image, trimap, (3, 1))
    assert iou(final, disc) > 0.97
    assert iou(final, earlier) > 0.97


def test_the_same_image_gives_the_same_cut():
    image, _ = disc_image()
    trimap = trimap_of((120, 160), np.array([40, 20, 120, 100]), np.array([[80, 60]]), np.zeros((0, 2)), 3)
    assert np.array_equal(grab_cuts(image, trimap, (3,))[0], grab_cuts(image, trimap, (3,))[0])


def test_a_trimap_of_one_class_is_its_own_answer():
    image, _ = disc_image()
    assert all(mask.all() for mask in grab_cuts(image, np.full((120, 160), MAYBE_FG, np.uint8), (1, 1)))


def test_the_trimap_marks_window_seeds_and_negatives():
    trimap = trimap_of((20, 30), np.array([5, 5, 25, 15]), np.array([[10, 10]]), np.array([[20, 10]]), 0)
    assert trimap[0, 0] == SURE_BG
    assert trimap[5, 5] == MAYBE_FG
    assert trimap[15, 5] == SURE_BG
    assert trimap[10, 10] == SURE_FG
    assert trimap[10, 20] == SURE_BG


def test_the_window_grows_with_the_seeds():
    assert seed_window(np.array([[50, 50]]), 10, 0.5, 100, 100).tolist() == [40, 40, 61, 61]
    assert seed_window(np.array([[20, 50], [80, 50]]), 10, 0.5, 100, 100).tolist() == [0, 40, 100, 61]


def test_only_seeded_components_are_kept_unless_no_seed_hits():
    mask = np.zeros((10, 10), dtype=bool)
    mask[1:3, 1:3] = mask[6:9, 6:9] = True
    assert keep_seeded(mask, np.array([[7, 7]])).sum() == 9
    assert keep_seeded(mask, np.array([[1, 2], [7, 7]])).sum() == 13
    assert np.array_equal(keep_seeded(mask, np.array([[5, 5]])), mask)


def test_cutting_on_equals_cutting_at_once():
    image, _ = disc_image()
    trimap = trimap_of((120, 160), np.array([40, 20, 120, 100]), np.array([[80, 60]]), np.zeros((0, 2)), 3)
    assert np.array_equal(grab_cuts(image, trimap, (1, 2))[1], grab_cuts(image, trimap, (3,))[0])


def work_of(image, trimap):
    """Processor seconds of a cut, the least of two."""
    seconds = []
    for _ in range(2):
        start = time.process_time()
        grab_cuts(image, trimap, (5,))
        seconds.append(time.process_time() - start)
    return min(seconds)


def nearly_one_colour(share, height=120, width=216):
    image = np.full((height, width, 3), 128, dtype=np.uint8)
    image[np.random.default_rng(5).random((height, width)) < share] = (129, 128, 128)
    return image


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.001, 0.02])
@pytest.mark.parametrize("window", [(45, 0, 170, 120), (2, 2, 214, 118)])
def test_a_picture_of_nearly_one_colour_takes_no_more_work_than_one_of_noise(share, window):
    """Without grain, the worst of these takes hundreds of times as much."""
    trimap = trimap_of((120, 216), np.array(window), np.array([[108, 60]]), np.array([[72, 40]]), 3)
    noise = np.random.default_rng(1).integers(0, 256, (120, 216, 3)).astype(np.uint8)
    assert work_of(nearly_one_colour(share), trimap) < 30 * work_of(noise, trimap) + 0.05


def test_grain_is_put_on_one_colour_only_and_is_always_the_same():
    trimap = trimap_of((120, 216), np.array([60, 20, 160, 100]), np.array([[108, 60]]), np.zeros((0, 2)), 3)
    one, other = (grab_cuts(nearly_one_colour(0.001), trimap, (2,))[0] for _ in range(2))
    assert np.array_equal(one, other)
    textured, _ = disc_image()
    window = trimap_of((120, 160), np.array([40, 20, 120, 100]), np.array([[80, 60]]), np.zeros((0, 2)), 3)
    labels = window.copy()
    cv2.setRNGSeed(0)
    cv2.grabCut(textured, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    assert np.array_equal(grab_cuts(textured, window, (3,))[0], np.isin(labels, (SURE_FG, MAYBE_FG)))
