from __future__ import annotations

import numpy as np

from verification_ui.media.labels import place_labels

SIZE = (480, 854)


def nearest(places: np.ndarray, others: np.ndarray) -> float:
    return float(np.linalg.norm(places[:, None] - others[None], axis=2).min())


def test_a_lone_key_stands_to_the_right_of_its_pixel() -> None:
    places = place_labels(np.array([[400.0, 200.0]]), 9.0, SIZE)
    np.testing.assert_allclose(places, [[400 + 2.1 * 9, 200]])


def test_at_the_right_edge_it_stands_inside() -> None:
    ((x, y),) = place_labels(np.array([[850.0, 2.0]]), 9.0, SIZE).tolist()
    assert 9 <= x <= 854 - 9
    assert 9 <= y <= 480 - 9


def test_the_keys_of_crowded_pixels_cover_neither_a_pixel_nor_each_other() -> None:
    xy_px = np.random.default_rng(0).normal((400, 240), 14, size=(12, 2))
    places = place_labels(xy_px, 9.0, SIZE)
    assert nearest(places, xy_px) >= 18
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(12) * 99
    assert apart.min() >= 18
