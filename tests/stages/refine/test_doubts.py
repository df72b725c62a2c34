"""Where people are asked: in the middle of what other answers say, then elsewhere, never where nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.segmenter import Segment
from stages.refine.doubts import doubtful_places
from stages.refine.point_classifier import ObjectLikelihood

MASK = np.zeros((120, 200), dtype=bool)
MASK[40:80, 40:80] = True
MORE = np.zeros_like(MASK)
MORE[50:70, 80:110] = True
IMAGE = np.zeros((*MASK.shape, 3), dtype=np.uint8)


class Saying:
    """A segmenter that says one thing, however it is asked; it may say how sure it is of each pixel."""

    name = "saying"

    def __init__(self, mask: NDArray[np.bool_], probability: NDArray[np.float32] | None = None) -> None:
        self._mask, self._probability = mask, probability

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        return [Segment(self._mask, 0.5, self._probability if one.is_soft else None) for one in prompts]


def test_the_first_question_is_in_the_middle_of_what_other_answers_add() -> None:
    x, y = doubtful_places(Saying(MASK | MORE), IMAGE, MASK, 1)[0]
    assert MORE[y, x]
    assert 55 <= y < 65


def test_of_two_places_alike_the_one_that_answers_are_surer_of_comes_first() -> None:
    below = np.roll(MORE, (40, -30), axis=(0, 1))
    for surer, other in ((MORE, below), (below, MORE)):
        probability = (0.9 * (MASK | surer) + 0.6 * (other & ~MASK)).astype(np.float32)
        x, y = doubtful_places(Saying(MASK | surer | other, probability), IMAGE, MASK, 1)[0]
        assert surer[y, x]


def test_an_answer_tells_most_nearby_so_the_next_question_is_farther_away() -> None:
    places = np.array(doubtful_places(Saying(MASK | MORE), IMAGE, MASK, 3))
    assert all(MORE[y, x] for x, y in places)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(3, 1)]
    assert apart.min() >= 0.1 * 40  # a tenth of the square root of the mask's area


def test_what_looks_otherwise_than_the_mask_says_is_asked_first_where_all_answers_agree() -> None:
    foot, hole, far = np.zeros_like(MASK), np.zeros_like(MASK), np.zeros_like(MASK)
    foot[50:58, 84:92], hole[56:64, 56:64], far[5:20, 170:190] = True, True, True
    likelihood = ObjectLikelihood(((MASK & ~hole) | foot | far).astype(np.float32), 0.8)
    places = doubtful_places(Saying(MASK), IMAGE, MASK, 2, likelihood)
    assert sorted((bool(foot[y, x]), bool(hole[y, x])) for x, y in places) == [(False, True), (True, False)]
    trusted_less = ObjectLikelihood(likelihood.probability, 0.0)
    assert doubtful_places(Saying(MASK), IMAGE, MASK, 9, trusted_less) == doubtful_places(Saying(MASK), IMAGE, MASK, 9)


def test_where_all_answers_agree_the_mask_and_what_is_around_it_are_asked_but_not_its_edge() -> None:
    places = doubtful_places(Saying(MASK), IMAGE, MASK, 40)
    assert len(set(places)) == 40
    assert {bool(MASK[y, x]) for x, y in places} == {True, False}
    near_edge = [(x, y) for x, y in places if 37 < x < 82 and 37 < y < 82 and not (42 <= x < 78 and 42 <= y < 78)]
    assert near_edge == []
    assert all(15 <= x < 105 and 15 <= y < 105 for x, y in places)  # within 0.6 of the square root of the area
