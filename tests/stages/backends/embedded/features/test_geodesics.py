import numpy as np

from stages.backends.embedded.features.geodesics import STEP_COST, Terrain


def relaxed(cells, seeds):
    """Bellman-Ford, slowly."""
    rows, columns = cells.shape[:2]
    distance = np.full((rows, columns), np.inf)
    for y, x in seeds:
        distance[y, x] = 0
    for _ in range(rows * columns):
        for y in range(rows):
            for x in range(columns):
                for v, u in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                    if 0 <= v < rows and 0 <= u < columns:
                        cost = np.linalg.norm(cells[y, x] - cells[v, u]) + STEP_COST
                        distance[y, x] = min(distance[y, x], distance[v, u] + cost)
    return distance


def test_distances_equal_a_slow_relaxation():
    cells = np.random.default_rng(0).random((5, 6, 2)).astype(np.float32)
    seeds = np.array([[0, 0], [4, 3]])
    assert np.allclose(Terrain(cells).distance(seeds), relaxed(cells, seeds), atol=1e-5)


def test_the_way_goes_round_a_wall():
    cells = np.zeros((5, 5, 1), dtype=np.float32)
    cells[:4, 2] = 100
    distance = Terrain(cells).distance(np.array([[0, 0]]))
    assert np.isclose(distance[0, 4], 12 * STEP_COST)
