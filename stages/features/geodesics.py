"""Geodesic distance on a cell grid: far is what lies behind an edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

Array = NDArray[Any]
STEP_COST = 0.01
"""What a step between two equal cells costs."""


def geodesic_distance(cells: Array, seeds: Array) -> NDArray[np.float32]:
    """Shortest way from the nearest seed, where a step costs the Euclidean difference of the two cells plus 0.01.

    Args:
        cells: (rows, columns, channels) float32; steps go to the four neighbours.
        seeds: (N, 2) int64 cell indices, row first, N >= 1.

    Returns:
        (rows, columns) float32.
    """
    rows, columns = cells.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.linalg.norm(np.diff(cells, axis=1), axis=2) + STEP_COST
    down = np.linalg.norm(np.diff(cells, axis=0), axis=2) + STEP_COST
    costs = np.concatenate([right.ravel(), down.ravel()])
    start = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    end = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    graph = coo_matrix((costs, (start, end)), shape=(index.size, index.size)).tocsr()
    distance = dijkstra(graph, directed=False, indices=index[seeds[:, 0], seeds[:, 1]], min_only=True)
    return np.asarray(distance.reshape(rows, columns), dtype=np.float32)
