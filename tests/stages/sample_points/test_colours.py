from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from stages.sample_points.colours import _SMOOTH_BINS, ColourLikelihood, _smoothed, blur, lab, parts, roughness

LEFT = np.broadcast_to(np.arange(60) < 30, (40, 60))
RED, GREEN, DARK_RED = (200, 30, 30), (30, 160, 40), (160, 24, 24)


def stripes(left, right) -> np.ndarray:
    image = np.empty((40, 60, 3), dtype=np.uint8)
    image[LEFT], image[~LEFT] = left, right
    return colours(image)


def colours(image) -> np.ndarray:
    """(H, W, 3) Lab."""
    return lab(blur(image).reshape(-1, 3)).reshape(image.shape)


def likelihood(picture, inside, around) -> ColourLikelihood:
    return ColourLikelihood.of(picture[inside], picture[around])


def test_a_blurred_window_is_the_blurred_frame_there():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    for window in ((slice(0, 12), slice(50, 60)), (slice(14, 20), slice(20, 31)), (slice(37, 40), slice(0, 60))):
        assert np.array_equal(blur(image, window), blur(image)[window])


def test_a_colour_of_the_inside_alone_is_the_objects_and_one_of_the_outside_alone_is_not():
    picture = stripes(RED, GREEN)
    found = likelihood(picture, LEFT, ~LEFT).at(picture.reshape(-1, 3)).reshape(40, 60)
    assert found[:, :25].min() == pytest.approx(1, abs=1e-6)
    assert found[:, 35:].max() == pytest.approx(0, abs=1e-6)


def test_a_colour_of_both_sides_says_nothing():
    picture = stripes(RED, RED)
    assert likelihood(picture, LEFT, ~LEFT).at(picture[LEFT]) == pytest.approx(0.5)


def test_without_surroundings_all_is_the_objects():
    picture, everywhere = stripes(RED, GREEN), np.ones_like(LEFT)
    assert likelihood(picture, everywhere, ~everywhere).at(picture[LEFT]) == pytest.approx(1)


def test_two_colours_are_two_parts_and_shades_of_one_are_one():
    found = parts(stripes(RED, GREEN).reshape(-1, 3))
    assert sorted(part.sum() for part in found) == pytest.approx([1200, 1200], abs=80)
    assert not (found[0] & found[1]).any()
    (only,) = parts(stripes(RED, DARK_RED).reshape(-1, 3))
    assert only.all()


def test_a_speck_is_no_part():
    image = np.full((40, 60, 3), RED, dtype=np.uint8)
    image[10:17, 20:27] = GREEN
    (only,) = parts(colours(image).reshape(-1, 3))
    assert 49 < (~only).sum() < 100
    assert parts(colours(image)[:0, 0]) == []


def test_colours_are_smoothed_as_scipy_does_it():
    counts = np.random.default_rng(0).integers(0, 1000, (16, 16, 16)).astype(np.float64)
    assert np.array_equal(_smoothed(counts), ndimage.gaussian_filter(counts, _SMOOTH_BINS))


@pytest.mark.parametrize("side_px", [3, 9, 201])
@pytest.mark.parametrize("darkest", [0, 255])
def test_roughness_is_the_exact_variance_within_squares_of_any_size(side_px: int, darkest: int) -> None:
    image = np.random.default_rng(0).integers(darkest, 256, (220, 210, 3), dtype=np.uint8)
    assert np.ptp(image) == 255 - darkest
    y, x, far = 150, 20, side_px // 2
    square = np.pad(image, ((far, far), (far, far), (0, 0)), "reflect")[y : y + side_px, x : x + side_px]
    expected = square.astype(np.float64).var(axis=(0, 1)).sum()
    assert roughness(image, side_px, np.array([y * 210 + x]))[0] == pytest.approx(expected, rel=1e-9)
