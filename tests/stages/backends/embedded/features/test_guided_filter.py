import numpy as np
import pytest

from stages.backends.embedded.features.guided_filter import GuidedFilter

RNG = np.random.default_rng(0)


def slow_guided_filter(image, values, radius, epsilon):
    """Equations 19-21 of He et al., one window at a time, borders reflected without repeating the edge pixel."""
    height, width = values.shape
    guide = np.pad(image / 255.0, ((radius, radius), (radius, radius), (0, 0)), mode="reflect")
    padded = np.pad(values.astype(np.float64), radius, mode="reflect")
    size = 2 * radius + 1
    models = np.zeros((height, width, 4))
    for i in range(height):
        for j in range(width):
            colours = guide[i : i + size, j : j + size].reshape(-1, 3)
            targets = padded[i : i + size, j : j + size].reshape(-1)
            centred = colours - colours.mean(axis=0)
            sigma = centred.T @ centred / len(colours) + epsilon * np.eye(3)
            slope = np.linalg.solve(sigma, centred.T @ targets / len(colours))
            models[i, j] = [*slope, targets.mean() - slope @ colours.mean(axis=0)]
    models = np.pad(models, ((radius, radius), (radius, radius), (0, 0)), mode="reflect")
    result = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            mean = models[i : i + size, j : j + size].reshape(-1, 4).mean(axis=0)
            result[i, j] = mean[:3] @ (image[i, j] / 255.0) + mean[3]
    return result


def test_filter_equals_the_window_by_window_definition():
    image = RNG.integers(0, 256, (14, 17, 3), dtype=np.uint8)
    values = RNG.random((14, 17)).astype(np.float32)
    exact = slow_guided_filter(image, values, 2, 1e-2)
    np.testing.assert_allclose(GuidedFilter(image, 2, 1e-2, subsample=1)(values), exact, atol=1e-4)


@pytest.mark.parametrize("subsample", [1, 2])
def test_a_constant_stays_constant(subsample):
    image = RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)
    values = np.full((20, 24), 0.25, dtype=np.float32)
    np.testing.assert_allclose(GuidedFilter(image, 4, 1e-3, subsample)(values), values, atol=1e-4)


def test_a_soft_edge_moves_onto_the_image_edge():
    image = np.zeros((32, 64, 3), dtype=np.uint8)
    image[:, 30:] = 200
    soft = np.tile(1 / (1 + np.exp(-(np.arange(64) - 33.0) / 2)), (32, 1)).astype(np.float32)
    drawn = GuidedFilter(image, 8, 1e-4)(soft) > 0.5
    assert drawn[16, 30:34].all()
    assert not drawn[16, 26:30].any()


def test_a_window_of_the_frame_is_filtered_like_the_frame_away_from_its_border():
    image = RNG.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    values = RNG.random((64, 96)).astype(np.float32)
    guided = GuidedFilter(image, 4, 1e-2)
    small = values.reshape(32, 2, 48, 2).mean(axis=(1, 3))
    window = guided.enlarge(small[4:28, 8:40], (4, 8))
    assert window.shape == (48, 64)
    np.testing.assert_allclose(window[12:-12, 12:-12], guided(values)[20:44, 28:68], atol=1e-5)
