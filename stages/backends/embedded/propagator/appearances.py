"""What one object looks like at one scale, learned from its anchors and from the frames since."""

from __future__ import annotations

from torch import Tensor

from stages.backends.embedded.features.ridge import Backdrop, Moments, measure_object, score, solve
from stages.backends.embedded.propagator.recipes import Scale


class Appearance:
    """A ridge classifier with two memories: the anchors, which never fade, and the frames since, which do."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._anchors: Moments | None = None
        self._recent: Moments | None = None
        self._n_anchors = 0
        self._classifier: Tensor | None = None

    def anchor(self, cells: Tensor, probability: Tensor, backdrop: Backdrop) -> None:
        """Take (rows, columns) ``probability`` as the truth on a frame of (rows · columns, d) ``cells``."""
        seen = measure_object(cells, probability, self._scale.band, backdrop)
        self._n_anchors += 1
        if self._anchors is None or self._recent is None:
            self._anchors = self._recent = seen
        else:
            self._anchors = self._anchors.mixed(seen, 1 / self._n_anchors)
            self._recent = self._recent.mixed(seen, 0.5)
        self._classifier = None

    def observe(self, cells: Tensor, probability: Tensor, backdrop: Backdrop) -> None:
        """Learn a little from a frame on which the object was found."""
        if self._recent is None:
            raise RuntimeError("observe() before anchor()")
        seen = measure_object(cells, probability, self._scale.band, backdrop)
        self._recent = self._recent.mixed(seen, self._scale.renewed)
        self._classifier = None

    def score(self, cells: Tensor) -> Tensor:
        """(N,) float32 for (N, d) cells: about +1 on the object, -1 off it."""
        return score(cells, self.classifier())

    def classifier(self) -> Tensor:
        """(d + 1,) float32, the bias last; solved anew after something was learned."""
        if self._anchors is None or self._recent is None:
            raise RuntimeError("classifier() before anchor()")
        if self._classifier is None:
            memory = self._recent.mixed(self._anchors, self._scale.anchored)
            self._classifier = solve(memory, self._scale.strength)
        return self._classifier
