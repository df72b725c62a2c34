import numpy as np
import pytest
import torch

from stages.backends.embedded.features.ridge import Backdrop, balanced_weights, measure, measure_object, score, solve

ROWS, COLUMNS, D = 12, 15, 6


@pytest.fixture
def cells():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(ROWS * COLUMNS, D)).astype(np.float32))


@pytest.fixture
def probability():
    values = np.zeros((ROWS, COLUMNS), dtype=np.float32)
    values[4:7, 5:9] = 0.9
    values[4, 5] = 0.6
    values[7, 5] = 0.3
    return torch.from_numpy(values)


def slow_weights(probability, band):
    rows, columns = probability.shape
    object_cells = [(i, j) for i in range(rows) for j in range(columns) if probability[i, j] > 0.5]
    mass = {"in": {}, "near": {}, "far": {}}
    for i in range(rows):
        for j in range(columns):
            certainty = abs(2 * float(probability[i, j]) - 1)
            if (i, j) in object_cells:
                mass["in"][i, j] = certainty
            else:
                # The 3 x 3 chamfer distance of Borgefors, as OpenCV has it: 0.955 a straight step, 1.3693 a diagonal.
                steps = [(abs(i - a), abs(j - b)) for a, b in object_cells]
                distance = min(0.955 * (max(s) - min(s)) + 1.3693 * min(s) for s in steps)
                mass["near" if distance < band else "far"][i, j] = certainty if distance < band else 1.0
    weights = np.zeros((rows, columns))
    for zone, total in (("in", 1.0), ("near", 0.7), ("far", 0.3)):
        for cell, value in mass[zone].items():
            weights[cell] = total * value / sum(mass[zone].values())
    return weights.reshape(-1)


def test_weights_balance_the_object_its_surroundings_and_the_rest(probability):
    weights = balanced_weights(probability, 3.0)
    np.testing.assert_allclose(weights.numpy(), slow_weights(probability.numpy(), 3.0), rtol=1e-5)
    assert float(weights.sum()) == pytest.approx(2.0)


def test_moments_and_classifier_are_weighted_ridge_regression(cells, probability):
    weights, targets = balanced_weights(probability, 3.0), 2 * probability.reshape(-1) - 1
    moments = measure(cells, weights, targets)
    x = np.hstack([cells.numpy().astype(np.float64), np.ones((len(cells), 1))])
    gram = sum(w * np.outer(row, row) for w, row in zip(weights.numpy(), x, strict=True))
    cross = sum(w * y * row for w, y, row in zip(weights.numpy(), targets.numpy(), x, strict=True))
    np.testing.assert_allclose(moments.gram.numpy(), gram, atol=1e-5)
    np.testing.assert_allclose(moments.cross.numpy(), cross, atol=1e-5)
    penalty = np.diag([0.1 * np.diag(gram)[:-1].mean()] * D + [1e-6])
    classifier = np.linalg.solve(gram + penalty, cross)
    np.testing.assert_allclose(solve(moments, 0.1).numpy(), classifier, atol=1e-4)
    np.testing.assert_allclose(score(cells, solve(moments, 0.1)).numpy(), x @ classifier, atol=1e-4)


def test_with_every_cell_sampled_the_backdrop_gives_the_plain_moments(cells, probability):
    plain_targets = 2 * probability.reshape(-1) - 1
    plain = measure(cells, balanced_weights(probability, 3.0), plain_targets)
    shared = measure_object(cells, probability, 3.0, Backdrop.of(cells, (ROWS, COLUMNS), step=1))
    np.testing.assert_allclose(shared.gram.numpy(), plain.gram.numpy(), atol=1e-5)
    np.testing.assert_allclose(shared.cross.numpy(), plain.cross.numpy(), atol=1e-5)


def test_a_sampled_backdrop_weighs_as_much_as_the_whole(cells, probability):
    shared = measure_object(cells, probability, 3.0, Backdrop.of(cells, (ROWS, COLUMNS), step=2))
    assert float(shared.gram[-1, -1]) == pytest.approx(2.0, rel=1e-5)


def test_an_object_that_fills_the_frame_needs_no_backdrop(cells):
    filled = torch.full((ROWS, COLUMNS), 0.9)
    shared = measure_object(cells, filled, 3.0, Backdrop.of(cells, (ROWS, COLUMNS)))
    plain = measure(cells, balanced_weights(filled, 3.0), torch.full((ROWS * COLUMNS,), 0.8))
    np.testing.assert_allclose(shared.gram.numpy(), plain.gram.numpy(), atol=1e-5)
    np.testing.assert_allclose(shared.cross.numpy(), plain.cross.numpy(), atol=1e-5)


def test_mixed_moments_lie_between(cells):
    one = measure(cells, torch.ones(len(cells)), torch.ones(len(cells)))
    other = measure(cells, torch.zeros(len(cells)), torch.ones(len(cells)))
    np.testing.assert_allclose(one.mixed(other, 0.25).gram.numpy(), 0.75 * one.gram.numpy(), rtol=1e-6)
