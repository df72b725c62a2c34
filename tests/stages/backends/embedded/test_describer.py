"""Descriptions of pixels: the same whether a point or the whole frame is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from stages.backends.describer import load_describer
from stages.backends.embedded.describer import CellDescription


@pytest.mark.parametrize("size", [(90, 150), (16, 16)])
def test_a_classifier_gives_a_pixel_the_same_score_by_itself_and_in_the_whole_frame(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    description = load_describer("cpu").describe(image)
    height, width = size
    pixels = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1], [7, 11], [8, 3]])
    found = description.at(pixels)
    assert found.shape == (6, 561)
    classifier = rng.normal(size=562).astype(np.float32)
    whole = description.scores(classifier)
    assert whole.shape == size
    assert np.allclose(whole[pixels[:, 1], pixels[:, 0]], found @ classifier[:-1] + classifier[-1], atol=1e-3)


def test_between_the_centres_of_cells_descriptions_are_bilinear_and_beyond_them_they_repeat() -> None:
    cells = np.array([[[0.0], [4.0]], [[8.0], [12.0]]], dtype=np.float32)  # centres at pixels 1.5 and 5.5
    description = CellDescription((8, 8), (cells,))
    pixels = np.array([[0, 0], [7, 7], [3, 1], [4, 5]])
    assert description.at(pixels)[:, 0].tolist() == [0.0, 12.0, 1.5, 9.5]
    assert description.scores(np.array([1.0, 0.5], dtype=np.float32))[pixels[:, 1], pixels[:, 0]].tolist() == [
        0.5, 12.5, 2.0, 10.0,
    ]  # fmt: skip
