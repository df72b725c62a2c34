"""Motion against the ground, and what it says of masks: a textured square slides over a panned texture."""

import cv2
import numpy as np
import pytest

from schemas.object_masks import ObjectMask
from stages.propagate.motion import STILL, Motion, SmallFrame
from stages.propagate.quality import with_motion_quality

HEIGHT, WIDTH = 180, 320
SQUARE = (slice(60, 120), slice(120, 180))


def texture(seed):
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT + 40, WIDTH + 40, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def scene(pan, slide):
    """A frame whose ground is panned by ``pan`` px and whose square slid by ``slide`` px, both to the left."""
    frame = texture(1)[20 : 20 + HEIGHT, 20 + pan : 20 + pan + WIDTH].copy()
    frame[SQUARE] = texture(2)[60:120, 60 + slide : 120 + slide]
    return frame


def mask(rows, columns):
    drawn = np.zeros((HEIGHT, WIDTH), dtype=bool)
    drawn[rows, columns] = True
    return drawn


def row(drawn, quality=0.8, source="propagator", object_id="it"):
    return ObjectMask("v", object_id, 1, drawn, source, "by_hand", quality)


def qualities(motion, *rows):
    return [one.quality for one in with_motion_quality(rows, motion)]


@pytest.fixture(scope="module")
def motion():
    return Motion.between(SmallFrame(scene(0, 0)).grey, SmallFrame(scene(2, 6)).grey)


def test_what_leaves_the_ground_moves_and_a_panned_ground_does_not(motion):
    moving = motion.moving / 255
    assert moving[66:114, 126:174].mean() > 0.95
    assert moving[:40].mean() < 0.1


def test_a_mask_of_the_whole_beats_its_half_and_the_ground(motion):
    masks = mask(*SQUARE), mask(SQUARE[0], slice(120, 150)), mask(slice(60, 120), slice(185, 245))
    whole, half, ground = (qualities(motion, row(drawn))[0] for drawn in masks)
    assert whole > 0.7
    assert half < 0.95 * whole
    assert ground < 0.9 * whole  # nothing moves in it, and little around: it is doubted, not condemned


def test_what_another_object_holds_is_held_against_nobody(motion):
    left, right = row(mask(SQUARE[0], slice(120, 150))), row(mask(SQUARE[0], slice(150, 180)), object_id="other")
    alone, together = qualities(motion, left)[0], qualities(motion, left, right)[0]
    assert together > 1.05 * alone


def test_the_quality_is_multiplied_by_the_root_of_the_support():
    moving = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    moving[SQUARE] = 153  # 0.6 inside, nothing around
    assert qualities(Motion(moving), row(mask(*SQUARE))) == [pytest.approx(0.8 * 0.6**0.5)]


@pytest.mark.parametrize("motion", [STILL, Motion(np.zeros((HEIGHT, WIDTH), dtype=np.uint8))])
def test_where_nothing_moves_nothing_changes(motion):
    assert qualities(motion, row(mask(*SQUARE))) == [0.8]


def test_a_mask_that_a_person_drew_stays_sure():
    moving = np.full((HEIGHT, WIDTH), 128, dtype=np.uint8)
    assert qualities(Motion(moving), row(mask(*SQUARE), 1.0, "human")) == [1.0]


def test_specks_and_frames_without_objects_are_left_alone():
    moving = np.full((HEIGHT, WIDTH), 128, dtype=np.uint8)
    assert qualities(Motion(moving), row(mask(slice(0, 2), slice(0, 2)))) == [0.8]
    assert with_motion_quality([], Motion(moving)) == []
