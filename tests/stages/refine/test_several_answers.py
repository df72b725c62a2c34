"""A corrected mask: asked for in three ways; what their mean, points and the mask that was there make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.localizations import Clicks
from schemas.prompts import Prompt
from stages.backends.segmenter import Segment
from stages.refine.correcting import corrected, correction_prompt, decided
from stages.refine.point_classifier import ObjectLikelihood
from stages.refine.several_answers import Answers, answers_to

HEIGHT, WIDTH = 200, 400


def rectangle(top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


@dataclass
class Threshold:
    """A segmenter that finds what is bright, and remembers what it was asked; it may be sure to some degree only."""

    name: str = "threshold"
    sure: float | None = None
    seen: list[tuple[int, ...]] = field(default_factory=list)
    asked: list[Prompt] = field(default_factory=list)

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        self.seen += [image.shape[:2] for _ in prompts]
        self.asked += prompts
        mask = image[..., 0] > 127
        return [Segment(mask, 0.5, None if self.sure is None else mask * np.float32(self.sure)) for _ in prompts]


TRUTH = rectangle(60, 100, 100, 160)
IMAGE = np.repeat(np.where(TRUTH, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
PRIOR = rectangle(60, 100, 100, 150)
CLICK = Clicks(((155.0, 80.0),), (1,))


def test_a_mask_is_asked_for_with_places_inside_it_too_and_close_up_without_it() -> None:
    segmenter = Threshold()
    found = answers_to(segmenter, IMAGE, correction_prompt("1", CLICK, PRIOR))
    assert (found.mask == TRUTH).all()
    assert (found.n, found.quality) == (3, 0.5)
    plain, told, near = segmenter.asked
    assert segmenter.seen == [(HEIGHT, WIDTH), (HEIGHT, WIDTH), (104, 120)]
    assert plain.points_px.tolist() == [[155.0, 80.0]]
    assert told.points_px.tolist() == plain.support_px.tolist()
    assert len(told.points_px) > 1
    assert np.add(near.points_px, [68, 28]).tolist() == told.points_px.tolist()
    assert near.mask is None
    assert all(one.mask is PRIOR for one in (plain, told))


def test_of_models_that_tell_it_the_probabilities_are_averaged() -> None:
    found = answers_to(Threshold(sure=0.75), IMAGE, correction_prompt("1", CLICK, PRIOR))
    assert np.unique(found.mean).tolist() == [0.0, 0.75]


THIN = rectangle(80, 81, 100, 101)


@pytest.mark.parametrize(
    ("clicks", "prior", "box"),
    [(CLICK, None, ()), (CLICK, PRIOR, (90.0, 50.0, 170.0, 110.0)), (Clicks(((9.0, 9.0),), (0,)), THIN, ())],
)
def test_without_a_mask_or_a_place_inside_it_and_with_a_box_there_is_one_answer(
    clicks: Clicks, prior: NDArray[np.bool_] | None, box: tuple[float, ...]
) -> None:
    segmenter = Threshold()
    found = answers_to(segmenter, IMAGE, correction_prompt("1", clicks, prior, box=box))
    assert (found.n, len(segmenter.asked)) == (1, 1)


def test_clicks_at_the_edge_of_the_frame_are_seen_close_up_too() -> None:
    segmenter = Threshold()
    answers_to(segmenter, IMAGE, correction_prompt("1", Clicks(((399.0, 199.0), (0.0, 0.0)), (0, 0)), PRIOR))
    assert segmenter.seen[2] == (HEIGHT, WIDTH)


def test_where_no_point_decides_the_mask_that_was_there_counts_as_one_answer_more() -> None:
    there, two_of_three = rectangle(0, 10, 0, 10), np.zeros((HEIGHT, WIDTH), np.float32)
    two_of_three[50:60, 50:60] = two_of_three[:10, 5:10] = 2 / 3
    two_of_three[100:110, 100:110] = 1.0
    found = decided(there, Answers(two_of_three, 3, 0.5), [])
    assert (found == rectangle(0, 10, 5, 10) | rectangle(100, 110, 100, 110)).all()
    clicked = decided(there, Answers(two_of_three, 3, 0.5), [(55, 55, 1), (2, 5, 1), (105, 105, 0)])
    assert (clicked == there | rectangle(50, 60, 50, 60)).all()


@dataclass
class OneStepAfterTheOther:
    """A segmenter that adds ten columns to the mask that it is given, up to the end of the object."""

    name: str = "stepping"
    asked: list[Prompt] = field(default_factory=list)

    def segment(self, image: NDArray[np.uint8], prompts: Sequence[Prompt]) -> list[Segment]:
        self.asked += prompts
        found = []
        for prompt in prompts:
            bright = image[..., 0] > 127
            mask = bright if prompt.mask is None else prompt.mask | np.roll(prompt.mask, 10, axis=1)
            found.append(Segment(mask & bright, 0.5))
        return found


def test_an_answer_is_asked_about_again_as_long_as_it_then_contradicts_fewer_points() -> None:
    points = [(105, 80, 1), (125, 80, 1), (135, 80, 1), (300, 80, 0)]
    clicks = Clicks(tuple((float(x), float(y)) for x, y, _ in points), tuple(label for *_, label in points))
    prompt = correction_prompt("1", clicks, rectangle(60, 100, 100, 120))
    segmenter = OneStepAfterTheOther()
    mask, _ = corrected(segmenter, IMAGE, prompt, points)
    assert mask.sum() == rectangle(60, 100, 100, 140).sum()
    assert len(segmenter.asked) == 6
    stuck = Threshold()
    corrected(stuck, np.zeros_like(IMAGE), prompt, points)
    assert len(stuck.asked) == 3


@pytest.mark.parametrize("point", [(88, 18, 0), (70, 30, 0)])
def test_a_part_goes_with_the_point_on_it_wherever_that_lies(point):
    there = np.zeros((60, 100), dtype=bool)
    there[10:50, 10:90] = True
    left_half = np.where(np.arange(100) < 50, there, False).astype(np.float32)
    assert np.array_equal(decided(there, Answers(left_half, 3, 0.5), [point]), left_half > 0.5)


def test_a_likeness_without_trust_changes_nothing():
    there = np.zeros((60, 100), dtype=bool)
    there[10:50, 10:90] = True
    left_half = np.where(np.arange(100) < 50, there, False).astype(np.float32)
    alike = (there & (np.arange(60) < 30)[:, None]).astype(np.float32)
    untrusted = decided(there, Answers(left_half, 3, 0.5), [], ObjectLikelihood(alike, 0.0))
    assert np.array_equal(untrusted, left_half > 0.5)


@pytest.mark.parametrize(("n_for", "trust", "is_added"), [(0, 1.0, True), (0, 0.5, False), (1, 0.5, True)])
def test_what_looks_like_the_object_counts_as_five_answers_where_that_is_always_right(n_for, trust, is_added):
    there, more = rectangle(50, 150, 50, 150), rectangle(50, 150, 150, 200)
    answers = Answers((there + more * n_for / 3).astype(np.float32), 3, 0.5)
    found = decided(there, answers, [], ObjectLikelihood((there | more).astype(np.float32), trust))
    assert np.array_equal(found, there | more if is_added else there)
