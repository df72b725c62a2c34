"""Geodesic distance on a cell grid: far is what lies behind an edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra

Array = NDArray[Any]
STEP_COST = 0.01
"""What a step between two equal cells costs."""


class Terrain:
    """A grid of cells as a graph, made once for any number of seeds."""

    def __init__(self, cells: Array) -> None:
        """A step between two of the (rows, columns, channels) float32 cells goes to one of the four neighbours.

        It costs their Euclidean difference plus 0.01.
        """
        self.shape = (cells.shape[0], cells.shape[1])
        self._graph = _graph(cells)

    def distance(self, seeds: Array) -> NDArray[np.float32]:
        """The cheapest way of every cell from the nearest seed.

        Args:
            seeds: (N, 2) int64 cell indices, row first, N >= 1.

        Returns:
            (rows, columns) float32.
        """
        starts = np.ravel_multi_index((seeds[:, 0], seeds[:, 1]), self.shape)
        distance = dijkstra(self._graph, directed=False, indices=starts, min_only=True)
        return np.asarray(distance.reshape(self.shape), dtype=np.float32)


def _graph(cells: Array) -> csr_matrix:
    rows, columns = cells.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.linalg.norm(np.diff(cells, axis=1), axis=2) + STEP_COST
    down = np.linalg.norm(np.diff(cells, axis=0), axis=2) + STEP_COST
    costs = np.concatenate([right.ravel(), down.ravel()])
    start = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    end = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    return coo_matrix((costs, (start, end)), shape=(index.size, index.size)).tocsr()
