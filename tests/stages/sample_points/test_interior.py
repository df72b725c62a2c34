"""Foreground points stand for the whole object, and lie where it is most surely the object."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from stages.sample_points.interior import draw_inside
from stages.sample_points.options import SamplingOptions
from stages.sample_points.strata import View

HEIGHT, WIDTH = 160, 240
Y, X = np.mgrid[:HEIGHT, :WIDTH]


def disk(x, y, radius):
    return (x - X) ** 2 + (y - Y) ** 2 < radius**2


def person() -> np.ndarray:
    legs = (abs(X - 105) < 6) | (abs(X - 135) < 6)
    return disk(120, 30, 14) | ((abs(X - 120) < 24) & (abs(Y - 70) < 28)) | (legs & (Y > 90) & (Y < 150))


SHAPES = {
    "disk": disk(120, 80, 50),
    "box": (abs(X - 120) < 90) & (abs(Y - 80) < 25),
    "thin": (abs(X - 120) < 110) & (abs(Y - 80 - 30 * np.sin(X / 30)) < 4),
    "thread": (abs(X - 120) < 110) & (abs(Y - X // 2 - 20) < 2),
    "ring": disk(120, 80, 70) & ~disk(120, 80, 50),
    "pieces": disk(40, 40, 24) | disk(200, 50, 16) | disk(120, 130, 20) | disk(30, 130, 10),
    "crumbs": ((X // 20 + Y // 20) % 2 == 0) & (X % 20 < 8) & (Y % 20 < 8),
    "big with a tail": disk(70, 80, 55) | ((X > 70) & (X < 230) & (abs(Y - 80) < 7)),
    "person": person(),
    "small": disk(120, 80, 11),
}


def noise(seed=0) -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, (HEIGHT, WIDTH, 3)), (6, 6, 0))
    return np.clip(128 + 600 * smooth, 0, 255).astype(np.uint8)


def draw(mask, image, n_points=10, seed=0, **options):
    view = View.of(mask, np.zeros_like(mask), image, None, 0.8)
    free = np.ones_like(mask)
    return draw_inside(view, SamplingOptions(**options), n_points, free, np.random.default_rng(seed))


def covered(mask, points) -> float:
    """Share of the mask within 0.2 · √A of a point, by a distance transform."""
    others = np.ones_like(mask)
    others[points[:, 1], points[:, 0]] = False
    return (ndimage.distance_transform_edt(others)[mask] <= 0.2 * np.sqrt(mask.sum())).mean()


def uniform(mask, n_points=10) -> float:
    rng, inside = np.random.default_rng(3), np.argwhere(mask)[:, ::-1]
    return np.mean([covered(mask, rng.choice(inside, n_points, replace=False)) for _ in range(40)])


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("image", [np.full((HEIGHT, WIDTH, 3), 90, np.uint8), noise()], ids=["plain", "noise"])
def test_points_cover_as_much_of_any_shape_as_uniform_ones(name, image):
    mask = SHAPES[name]
    draws = [draw(mask, image, seed=seed)[0] for seed in range(4)]
    assert all(len(points) == 10 and mask[points[:, 1], points[:, 0]].all() for points in draws)
    assert np.mean([covered(mask, points) for points in draws]) >= 0.9 * uniform(mask)


def test_what_a_mask_took_in_of_its_surroundings_gets_fewer_points_than_its_share():
    own, leaked = disk(90, 80, 45), (X > 120) & (X < 175) & (abs(Y - 80) < 24)
    image = noise() // 8
    image[own] += np.array([180, 40, 30], dtype=np.uint8)
    mask = own | leaked
    points = np.concatenate([draw(mask, image, seed=seed)[0] for seed in range(8)])
    wrong = 1 - own[points[:, 1], points[:, 0]].mean()
    assert wrong < 0.1 * (mask & ~own).sum() / mask.sum()


def test_every_part_of_another_colour_gets_a_point_however_small_the_share_that_is_drawn_from():
    mask, image = disk(120, 80, 60), np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    hat, belt = disk(120, 32, 16) & mask, (abs(Y - 110) < 5) & mask
    image[mask], image[hat], image[belt] = (40, 60, 160), (220, 220, 40), (200, 30, 30)
    for seed in range(8):
        points, chances = draw(mask, image, seed=seed, cover=0.0, foreground_keep=0.02)
        assert len(points) == 10
        assert hat[points[:, 1], points[:, 0]].any()
        assert belt[points[:, 1], points[:, 0]].any()
        assert ((chances > 0) & (chances <= 1)).all()


def test_without_a_demand_on_cover_points_keep_to_the_surest_pixels():
    mask, image = disk(120, 80, 60), np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    image[mask] = 200, 30, 30
    near, far = (
        np.hypot(*(draw(mask, image, cover=cover, foreground_keep=0.05)[0] - [120, 80]).T).max() for cover in (0, 1)
    )
    assert near < 20
    assert far > 30


def test_points_keep_off_thin_things_that_cross_the_object():
    mask, image = disk(120, 80, 60), np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    image[mask] = 40, 60, 160
    branches = mask & ((X + Y) % 24 < 4)
    image[branches] = 90, 80, 60
    points = np.concatenate([draw(mask, image, seed=seed)[0] for seed in range(8)])
    assert branches[points[:, 1], points[:, 0]].mean() < 0.2 * branches.sum() / mask.sum()


def test_no_pixel_that_is_taken_is_drawn():
    mask, image = disk(120, 80, 30), noise()
    view = View.of(mask, np.zeros_like(mask), image, None, 0.8)
    free = X > 120
    points, _ = draw_inside(view, SamplingOptions(), 10, free, np.random.default_rng(0))
    assert (points[:, 0] > 120).all()
    none, chances = draw_inside(view, SamplingOptions(), 10, np.zeros_like(mask), np.random.default_rng(0))
    assert none.shape == (0, 2)
    assert len(chances) == 0


def test_of_a_large_object_every_pixel_may_be_drawn_with_the_chance_that_is_told():
    mask = np.ones((HEIGHT, WIDTH), dtype=bool)
    mask[:, 0] = False
    inside = np.count_nonzero(mask[:, 1 + 4 :])  # the margin is .02 · √A = 3.9 px
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    draws = [draw(mask, image, seed=seed, foreground_keep=1.0) for seed in range(40)]
    assert all(chances == pytest.approx(10 / inside, rel=0.03) for _, chances in draws)
    rows = np.concatenate([points[:, 1] for points, _ in draws])
    assert np.histogram(rows, bins=4, range=(0, HEIGHT))[0].min() > 50
