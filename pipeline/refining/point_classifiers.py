"""What the objects of a video look like, learned from their verified points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.refining.state import VideoState
from schemas.frames import Frame
from stages.backends.describer import Describer
from stages.refine.point_classifier import ObjectLikelihood, PointClassifier, learn

_MOST_FRAMES = 64
"""Frames of an object that are learned from, spread over the video; more cost time and tell little more."""


@dataclass(frozen=True, slots=True)
class PointClassifiers:
    """One classifier an object.

    Attributes:
        by_object: object id → classifier; objects with too few verified points are missing.
        describer: loads what describes frames.
    """

    by_object: Mapping[str, PointClassifier]
    describer: Callable[[], Describer]

    @classmethod
    def learned(
        cls,
        state: VideoState,
        objects: Collection[str],
        frames: Callable[[Collection[int]], Iterator[Frame]],
        describer: Callable[[], Describer],
    ) -> PointClassifiers:
        """Learn from the verified points of some objects.

        Args:
            state: of the video.
            objects: their ids.
            frames: gives the frames of some indices, which ascend.
            describer: loads what describes frames; not called when there are no points.
        """
        wanted = _frames_of(state, objects)
        found: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
        points: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for frame in frames(sorted(wanted)) if wanted else ():
            description = describer().describe(frame.image)
            for object_id in wanted[frame.idx]:
                known = np.array(state.known_points(object_id, frame.idx))
                found[object_id].append(description.at(known[:, :2]))
                points[object_id] += [(label, frame.idx) for label in known[:, 2].tolist()]
        learned = {
            object_id: learn(np.concatenate(features), *np.array(points[object_id]).T)
            for object_id, features in found.items()
        }
        return cls({object_id: one for object_id, one in learned.items() if one is not None}, describer)

    def likelihood(self, object_id: str, image: NDArray[np.uint8]) -> ObjectLikelihood | None:
        """How much the pixels of a (H, W, 3) uint8 RGB frame look like an object; None where that is not known."""
        classifier = self.by_object.get(object_id)
        return None if classifier is None else classifier.likelihood(self.describer().describe(image))


def _frames_of(state: VideoState, objects: Collection[str]) -> dict[int, list[str]]:
    """Frame index → the objects whose points there are learned from; points on one frame alone tell too little."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for object_id in sorted(objects):
        own = sorted(idx for (name, idx), points in state.verified.points.items() if name == object_id and points)
        for idx in own[:: -(-len(own) // _MOST_FRAMES)] if len(own) > 1 else ():
            wanted[idx].append(object_id)
    return wanted
