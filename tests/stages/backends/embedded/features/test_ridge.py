from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from stages.backends.embedded.features.ridge import (
    Background,
    balanced_weights,
    measure,
    measure_objects,
    sample_object,
    score,
    score_all,
    solve,
    solve_all,
)
from tests.another_device import another_device

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
    sample = sample_object(probability.numpy(), 3.0, step=1)
    (shared,) = measure_objects(cells, [sample], Background.of(cells, (ROWS, COLUMNS), step=1))
    np.testing.assert_allclose(shared.gram.numpy(), plain.gram.numpy(), atol=1e-5)
    np.testing.assert_allclose(shared.cross.numpy(), plain.cross.numpy(), atol=1e-5)


def test_a_sampled_backdrop_weighs_as_much_as_the_whole(cells, probability):
    (shared,) = measure_objects(cells, [sample_object(probability.numpy(), 3.0)], Background.of(cells, (ROWS, COLUMNS)))
    assert float(shared.gram[-1, -1]) == pytest.approx(2.0, rel=1e-5)


def test_an_object_that_fills_the_frame_needs_no_backdrop(cells):
    filled = torch.full((ROWS, COLUMNS), 0.9)
    (shared,) = measure_objects(cells, [sample_object(filled.numpy(), 3.0)], Background.of(cells, (ROWS, COLUMNS)))
    plain = measure(cells, balanced_weights(filled, 3.0), torch.full((ROWS * COLUMNS,), 0.8))
    np.testing.assert_allclose(shared.gram.numpy(), plain.gram.numpy(), atol=1e-5)
    np.testing.assert_allclose(shared.cross.numpy(), plain.cross.numpy(), atol=1e-5)


def test_mixed_moments_lie_between(cells):
    one = measure(cells, torch.ones(len(cells)), torch.ones(len(cells)))
    other = measure(cells, torch.zeros(len(cells)), torch.ones(len(cells)))
    np.testing.assert_allclose(one.mixed(other, 0.25).gram.numpy(), 0.75 * one.gram.numpy(), rtol=1e-6)


def test_a_grid_without_object_is_all_backdrop(cells):
    background = Background.of(cells, (ROWS, COLUMNS))
    sample = sample_object(np.full((ROWS, COLUMNS), 0.2, dtype=np.float32), 3.0)
    assert len(sample.index) == 0
    (moments,) = measure_objects(cells, [sample], background)
    assert float(moments.gram[-1, -1]) == pytest.approx(0.3, rel=1e-5)


def objects():
    """Probabilities of three objects of different sizes, one at the border."""
    maps = np.zeros((3, ROWS, COLUMNS), dtype=np.float32)
    maps[0, 4:7, 5:9] = maps[1, :2, :3] = 0.9
    maps[2, 3:11, 2:13] = 0.8
    return maps


def test_a_gpu_measures_and_solves_all_objects_at_once_as_a_cpu_does_one_by_one(cells):
    samples = [sample_object(probability, 3.0) for probability in objects()]
    alone = measure_objects(cells, samples, Background.of(cells, (ROWS, COLUMNS)))
    with another_device():
        away = cells.to("cuda")
        together = measure_objects(away, samples, Background.of(away, (ROWS, COLUMNS)))
        solved = solve_all(together, 0.1)
        scores = score_all(away, solved).cpu()
    for one, other, classifier, scored in zip(alone, together, solved, scores, strict=True):
        np.testing.assert_allclose(other.gram.cpu().numpy(), one.gram.numpy(), atol=1e-5)
        np.testing.assert_allclose(other.cross.cpu().numpy(), one.cross.numpy(), atol=1e-5)
        np.testing.assert_allclose(classifier.cpu().numpy(), solve(one, 0.1).numpy(), atol=1e-3)
        np.testing.assert_allclose(scored.numpy(), score(cells, solve(one, 0.1)).numpy(), atol=1e-3)


def test_threads_measure_and_solve_the_same_bytes(cells):
    samples = [sample_object(probability, 3.0) for probability in objects()]
    background = Background.of(cells, (ROWS, COLUMNS))
    alone = measure_objects(cells, samples, background)
    with ThreadPoolExecutor(3) as pool:
        together = measure_objects(cells, samples, background, pool.map)
        solved = solve_all(together, 0.1, pool.map)
    assert all(torch.equal(one.gram, other.gram) for one, other in zip(alone, together, strict=True))
    assert all(torch.equal(solve(one, 0.1), other) for one, other in zip(alone, solved, strict=True))
