from __future__ import annotations

import numpy as np

from stages.sample_points.spreading import spread


def draw(region, n_points, least=3.0, scale=0.5, seed=0):
    pixels = np.flatnonzero(region)
    return spread(pixels, region.shape[1], n_points, least, scale, np.random.default_rng(seed))


def test_points_lie_in_the_region_and_keep_their_distance():
    y, x = np.mgrid[:80, :120]
    region = (x - 60) ** 2 + (y - 40) ** 2 < 35**2
    points = draw(region, 10)
    assert region[points[:, 1], points[:, 0]].all()
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(10)
    assert gaps.min() >= 0.5 * np.sqrt(region.sum() / 10)


def test_a_crowded_region_still_fills_with_distinct_pixels():
    region = np.zeros((10, 10), dtype=bool)
    region[3:6, 3:6] = True
    points = draw(region, 9)
    assert sorted(map(tuple, points.tolist())) == [(x, y) for x in range(3, 6) for y in range(3, 6)]
    assert len(draw(region, 50)) == 9


def test_an_empty_region_gives_no_point():
    assert draw(np.zeros((4, 4), dtype=bool), 3).shape == (0, 2)
    assert draw(np.ones((4, 4), dtype=bool), 0).shape == (0, 2)


def test_some_pixels_of_a_region_are_spread_as_far_as_all_of_them():
    pixels = np.random.default_rng(0).choice(200 * 200, 4000, replace=False)
    points = spread(pixels, 200, 10, 3.0, 0.5, np.random.default_rng(1), share=0.1)
    assert np.isin(points[:, 1] * 200 + points[:, 0], pixels).all()
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(10)
    assert gaps.min() >= 0.5 * np.sqrt(200 * 200 / 10)


def test_the_stream_decides():
    region = np.ones((50, 50), dtype=bool)
    assert np.array_equal(draw(region, 5, seed=1), draw(region, 5, seed=1))
    assert not np.array_equal(draw(region, 5, seed=1), draw(region, 5, seed=2))
