"""One way through a video: a session, and which objects are live in it since when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from schemas.object_masks import ObjectMask
from stages.backends.propagator import Encoding, PropagationSession, Propagator
from stages.propagate.probability_maps import ProbabilityMap


class Direction:
    """Objects enter with their first non-empty anchor; a session is opened for the first of them."""

    def __init__(self, propagator: Propagator) -> None:
        self._propagator = propagator
        self._session: PropagationSession | None = None
        self._starts: dict[str, list[int]] = {}

    def step(self, encoding: Encoding) -> dict[str, ProbabilityMap]:
        """Move to the next frame: a probability map for every live object."""
        if self._session is None:
            return {}
        return {object_id: ProbabilityMap.of(estimate) for object_id, estimate in self._session.step(encoding).items()}

    def start(self, frame_idx: int, encoding: Encoding, anchors: Mapping[str, ObjectMask]) -> None:
        """Start or correct objects on the frame that was just stepped.

        An empty anchor of an object that is not live says nothing new and is left out.
        """
        masks = {i: anchors[i].mask for i in sorted(anchors) if i in self._starts or anchors[i].mask.any()}
        if not masks:
            return
        if self._session is None:
            height, width = next(iter(masks.values())).shape
            self._session = self._propagator.open(height, width)
        self._session.start(encoding, masks)
        for object_id in masks:
            self._starts.setdefault(object_id, []).append(frame_idx)

    def cut(self) -> None:
        """A new shot begins: no object is live any more. What was anchored stays known."""
        self._session = None

    def latest(self, object_id: str) -> int:
        """The frame of the last anchor of a live object, in the order of this direction."""
        return self._starts[object_id][-1]

    def at_or_before(self, object_id: str, frame_idx: int) -> int:
        """The frame of the last anchor up to ``frame_idx``, for the direction that goes forward."""
        starts = self._starts[object_id]
        return starts[bisect_right(starts, frame_idx) - 1]
