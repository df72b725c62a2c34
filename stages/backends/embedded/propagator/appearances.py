"""What objects look like at one scale, learned from their anchors and from the frames since."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from stages.backends.embedded.features.ridge import Each, Moments, solve_all
from stages.backends.embedded.propagator.recipes import Scale


class Appearance:
    """One object: a ridge classifier with two memories, the anchors, which never fade, and the frames since."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._anchors: Moments | None = None
        self._recent: Moments | None = None
        self._n_anchors = 0
        self._classifier: Tensor | None = None

    def anchor(self, seen: Moments) -> None:
        """Take what was measured on a frame as the truth."""
        self._n_anchors += 1
        if self._anchors is None or self._recent is None:
            self._anchors = self._recent = seen
        else:
            self._anchors = self._anchors.mixed(seen, 1 / self._n_anchors)
            self._recent = self._recent.mixed(seen, 0.5)
        self._classifier = None

    def observe(self, seen: Moments) -> None:
        """Learn a little from a frame on which the object was found."""
        if self._recent is None:
            raise RuntimeError("observe() before anchor()")
        self._recent = self._recent.mixed(seen, self._scale.renewed)
        self._classifier = None

    def _memory(self) -> Moments:
        if self._anchors is None or self._recent is None:
            raise RuntimeError("classifiers() before anchor()")
        return self._recent.mixed(self._anchors, self._scale.anchored)

    @staticmethod
    def classifiers(objects: Sequence[Appearance], each: Each = map) -> list[Tensor]:
        """(d + 1,) float32 of objects of one scale, the bias last; solved together after something was learned."""
        changed = [one for one in objects if one._classifier is None]
        if changed:
            solved = solve_all([one._memory() for one in changed], changed[0]._scale.strength, each)
            for one, classifier in zip(changed, solved, strict=True):
                one._classifier = classifier
        return [one._classifier for one in objects if one._classifier is not None]
