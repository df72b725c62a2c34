"""A few labelled points tell what an object looks like, and how far that can be trusted on other frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.refine.point_classifier import learn

FRAMES = np.repeat(np.arange(10), 4)
LABELS = np.tile([1, 1, 0, 0], 10)


@dataclass(frozen=True)
class Plain:
    """A frame of 2 x 3 pixels that are described by one number each."""

    values: NDArray[np.float32]

    def at(self, xy_px: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.values[xy_px[:, 1], xy_px[:, 0], None]

    def scores(self, classifier: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.values * classifier[0] + classifier[1]


def features(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Points of both labels apart by far more than they are spread."""
    spread = np.random.default_rng(0).normal(0, 0.05, len(labels))
    return (np.where(labels == 1, 2.0, -1.0) + spread)[:, None].astype(np.float32)


def test_pixels_that_look_like_points_on_the_object_are_likely_its_own_on_any_frame() -> None:
    classifier = learn(features(LABELS), LABELS, FRAMES)
    assert classifier is not None
    assert classifier.trust == 1.0
    likelihood = classifier.likelihood(Plain(np.array([[2, 2, -1], [-1, 9, 0.5]], dtype=np.float32)))
    assert likelihood.probability.dtype == np.float32
    assert np.allclose(likelihood.probability, [[1, 1, 0], [0, 1, 0.5]], atol=0.03)
    assert likelihood.probability.max() <= 1.0
    assert likelihood.trust == 1.0


def test_both_labels_count_the_same_however_many_points_have_them() -> None:
    labels = np.tile([1, 1, 1, 1, 1, 1, 1, 0], 10)
    classifier = learn(features(labels), labels, np.repeat(np.arange(10), 8))
    assert classifier is not None
    edge = -classifier.weights[1] / classifier.weights[0]
    assert abs(edge - 0.5) < 0.05


def test_what_tells_nothing_on_frames_that_were_left_out_is_not_trusted() -> None:
    of_its_frame = np.eye(10, dtype=np.float32)[FRAMES]  # tells frames apart, and nothing else
    on_one = np.where(FRAMES % 2, 1, 0)
    for labels in (LABELS, on_one):
        classifier = learn(of_its_frame, labels, FRAMES)
        assert classifier is not None
        assert classifier.trust <= 0.1


def test_nothing_is_learned_from_few_points_or_one_frame() -> None:
    few = LABELS.copy()
    few[9:] = 1
    assert np.count_nonzero(few == 0) == 4
    assert learn(features(few), few, FRAMES) is None
    assert learn(features(1 - few), 1 - few, FRAMES) is None
    assert learn(features(LABELS), LABELS, np.zeros_like(FRAMES)) is None
