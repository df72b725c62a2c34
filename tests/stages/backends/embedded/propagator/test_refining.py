"""The click network inside the tracker: who is drawn anew, what is learned from it, and what it cannot break."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from schemas.iou import iou
from stages.backends.embedded.features.backbone import load_backbone
from stages.backends.embedded.propagator.embedded import EmbeddedPropagator
from stages.backends.embedded.propagator.recipes import FULL
from stages.backends.embedded.segmenter.click_predictor import Prediction, load_click_predictor

HEIGHT, WIDTH = 96, 128
RECIPE = replace(FULL, pixels=HEIGHT * WIDTH, side=128, alike=1.1)


def disc(idx, y=48):
    """It moves 2 px to the right a frame."""
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (40 + 2 * idx, y), 20, 1, -1).astype(bool)


def picture(idx):
    image = np.random.default_rng(0).integers(0, 60, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    image[disc(idx)] = (210, 40, 40)
    return image


class Told:
    """A predictor that answers what it is told to, and counts."""

    def __init__(self, answer):
        self.answer = answer
        self.n_asked = 0
        self.crowds = set()

    def refine(self, image, prior, side, is_crowded):
        self.n_asked += 1
        self.crowds.add(is_crowded)
        assert image.shape[:2] == prior.shape
        return self.answer(prior)


def carried(predictor, masks, n_frames=4, recipe=RECIPE):
    """Estimates of frames 1 on, by frame, of objects that start with ``masks`` on frame 0."""
    propagator = EmbeddedPropagator("embedded", load_backbone("cpu"), predictor, recipe)
    session = propagator.open(HEIGHT, WIDTH)
    session.start(propagator.encode(picture(0)), masks)
    return [session.step(propagator.encode(picture(idx))) for idx in range(1, n_frames)]


def test_the_network_draws_what_the_classifiers_find():
    (_, _, last) = carried(load_click_predictor("cpu"), {"it": disc(0)})
    assert iou(last["it"].probability > 127, disc(3)) > 0.9
    assert last["it"].quality > 0.6


def test_another_thing_is_not_taken_over_and_lowers_the_quality():
    kept = carried(Told(lambda prior: Prediction(prior, 0.9)), {"it": disc(0)})[-1]["it"]
    elsewhere = carried(Told(lambda prior: Prediction(1 - prior, 0.9)), {"it": disc(0)})[-1]["it"]
    assert np.array_equal(kept.probability, elsewhere.probability)
    assert kept.quality > 0.6
    assert elsewhere.quality == 0


def test_what_is_drawn_is_carried_on():
    """A drawing without the upper half: the tracker goes on with the lower one."""

    def lower(prior):
        drawn = prior.copy()
        drawn[:48] = 0
        return Prediction(drawn, 0.9)

    first, second, *_ = carried(Told(lower), {"it": disc(0)}, recipe=replace(RECIPE, drawn=1))
    plain = carried(Told(lambda prior: Prediction(prior, 0.9)), {"it": disc(0)})[1]["it"]
    assert not (first["it"].probability[:48] > 127).any()
    assert not (second["it"].probability[:48] > 127).any()
    assert (plain.probability[:48] > 127).any()


@pytest.mark.parametrize(("n_objects", "n_asked"), [(1, 6), (3, 18), (6, 18), (7, 14)])
def test_of_many_objects_a_few_a_frame_are_drawn_each_in_its_turn(n_objects, n_asked):
    predictor = Told(lambda prior: Prediction(prior, 0.9))
    carried(predictor, {f"{n}": disc(0) for n in range(n_objects)}, 7, replace(RECIPE, drawn=3))
    assert predictor.n_asked == n_asked


@pytest.mark.parametrize(("n_objects", "is_crowded"), [(1, False), (2, False), (3, True)])
def test_more_objects_than_are_drawn_on_a_frame_are_a_crowd(n_objects, is_crowded):
    predictor = Told(lambda prior: Prediction(prior, 0.9))
    carried(predictor, {f"{n}": disc(0) for n in range(n_objects)}, 4, replace(RECIPE, drawn=2))
    assert predictor.crowds == {is_crowded}


@pytest.mark.parametrize(("alike", "n_asked"), [(1.0, 3), (1.1, 6)])
def test_where_a_drawing_changes_little_every_other_frame_is_drawn(alike, n_asked):
    predictor = Told(lambda prior: Prediction(prior, 0.9))
    carried(predictor, {"it": disc(0)}, 7, replace(RECIPE, alike=alike))
    assert predictor.n_asked == n_asked


def test_trust_is_what_both_say():
    doubtful = Told(lambda prior: Prediction(np.where(prior > 0.5, 1, 0.5).astype(np.float32), 0.9))
    (estimate, *_) = carried(doubtful, {"it": disc(0)})
    assert estimate["it"].trust[48, 42] > 242
    assert 50 < estimate["it"].trust[20, 60] < 80
