"""What motion says of masks, on maps that can be counted by hand: a square of 60 px moves, nothing else does."""

import cv2
import numpy as np
import pytest

from stages.propagate.motion import Motion
from stages.propagate.motion_support import balance, support, to_motion_size

SHAPE = (180, 320)
NOBODY = np.zeros(SHAPE, dtype=bool)
ROWS = slice(60, 120)


def mask(rows, columns):
    drawn = NOBODY.copy()
    drawn[rows, columns] = True
    return drawn


WHOLE, LEFT_HALF = mask(ROWS, slice(120, 180)), mask(ROWS, slice(120, 150))
MOVEMENT = Motion(np.where(WHOLE, 255, 0).astype(np.uint8))


def test_the_whole_of_what_moves_is_fully_supported_and_a_half_is_not():
    assert support(WHOLE, NOBODY, MOVEMENT) == 1.0
    assert 0.5 < support(LEFT_HALF, NOBODY, MOVEMENT) < 0.95
    assert support(LEFT_HALF, WHOLE & ~LEFT_HALF, MOVEMENT) == 1.0


def test_the_surroundings_are_those_of_the_whole_frame_wherever_the_mask_lies():
    moving = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    for centre, radius in (((160, 90), 40), ((0, 0), 30), ((318, 178), 12), ((20, 100), 5)):
        disc = cv2.circle(np.zeros(SHAPE, np.uint8), centre, radius, 1, -1).astype(bool)
        distance = cv2.distanceTransform((~disc).astype(np.uint8), cv2.DIST_L2, 3)
        ring = (distance > 2) & (distance < max(0.6 * disc.sum() ** 0.5, 4))
        inside, around = moving[disc].mean() / 255, moving[ring].mean() / 255
        expected = max(inside, 1 - max(inside, around)) * (1 - around / 2)
        assert support(disc, NOBODY, Motion(moving)) == expected


def test_the_balance_counts_the_half_that_was_missing_without_the_blurred_edge():
    """27 of 30 columns lie farther than 3 px from the agreed half; inside is 1, around almost 0."""
    gained = balance(LEFT_HALF, WHOLE, NOBODY, MOVEMENT)
    assert gained == pytest.approx(27 / 60 * 0.5, abs=1e-6)
    assert balance(WHOLE, LEFT_HALF, NOBODY, MOVEMENT) == pytest.approx(-gained)


def test_the_balance_is_against_what_spills_onto_still_ground():
    spilled = mask(ROWS, slice(120, 240))
    assert balance(WHOLE, spilled, NOBODY, MOVEMENT) == pytest.approx(-57 / 120 * 0.5, abs=1e-6)
    assert balance(spilled, WHOLE, NOBODY, MOVEMENT) == pytest.approx(57 / 120 * 0.5, abs=1e-6)


def test_there_is_no_balance_where_nothing_moves_or_the_masks_have_nothing_in_common():
    still = Motion(np.zeros(SHAPE, dtype=np.uint8))
    assert balance(LEFT_HALF, WHOLE, NOBODY, still) == 0.0
    assert balance(LEFT_HALF, mask(slice(0, 20), slice(0, 20)), NOBODY, MOVEMENT) == 0.0


def test_a_mask_comes_down_to_the_size_of_the_movement():
    large = np.zeros((720, 1280), dtype=bool)
    large[240:480, 480:720] = True
    assert np.array_equal(to_motion_size(large, MOVEMENT), WHOLE)
