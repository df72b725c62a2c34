"""All that is known of one frame becomes its final masks; objects of one group share no pixel."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.groups import exclusion_sets
from schemas.object_masks import ObjectMask
from stages.backends.propagator import to_bytes
from stages.propagate.probability_maps import Bytes, ProbabilityMap
from stages.resize import resize

Map = NDArray[np.float32]
_LEAST = np.float32(1e-7)
_PROBABILITY: Map = np.clip(np.arange(256, dtype=np.float32) / 255, _LEAST, 1 - _LEAST)
_COMPLEMENT: Map = 1 - _PROBABILITY
_ODDS: Map = _PROBABILITY / _COMPLEMENT
"""What every byte of a probability stands for."""


@dataclass(frozen=True, slots=True)
class SoftAggregation:
    """Makes final masks.

    Attributes:
        video_id: of the video.
        height: frame height in pixels.
        width: frame width in pixels.
        groups: object id → group; see :mod:`schemas.groups`.
        model: registry key of the propagator.
    """

    video_id: str
    height: int
    width: int
    groups: Mapping[str, str]
    model: str

    def aggregate(
        self, frame_idx: int, maps: Mapping[str, ProbabilityMap], anchors: Mapping[str, ObjectMask]
    ) -> list[ObjectMask]:
        """The objects of a frame by id; an object with an anchor and a probability map is its anchor."""
        rows: list[ObjectMask] = []
        for members, decided in exclusion_sets({*maps, *anchors}, self.groups):
            fixed = disjoint({i: anchors[i] for i in members if i in anchors}) if len(members) > 1 else anchors
            loose = {i: maps[i] for i in members if i not in anchors}
            size = next(iter(maps.values())).probability.shape if maps else (self.height, self.width)
            rows += [self._anchored(fixed[i], size) for i in decided if i in anchors]
            taken = [fixed[i].mask for i in members if i in anchors]
            rows += self._propagated(frame_idx, loose, taken, decided)
        return sorted((row for row in rows if row.mask.any()), key=lambda row: row.object_id)

    def _anchored(self, anchor: ObjectMask, size: tuple[int, ...]) -> ObjectMask:
        return replace(anchor, trust=to_bytes(resize(anchor.mask.astype(np.float32), size)))

    def _propagated(
        self,
        frame_idx: int,
        maps: Mapping[str, ProbabilityMap],
        taken: Sequence[NDArray[np.bool_]],
        decided: Container[str],
    ) -> list[ObjectMask]:
        occupied = np.logical_or.reduce(taken) if taken else None
        rows = []
        for object_id, found in _aggregated(maps, occupied).items():
            if object_id not in decided:
                continue
            mask = self._full(found.probability)
            if occupied is not None:
                mask &= ~occupied
            row = ObjectMask(self.video_id, object_id, frame_idx, mask, "propagator", self.model, found.quality)
            rows.append(replace(row, trust=found.trust))
        return rows

    def _full(self, probability: Bytes) -> NDArray[np.bool_]:
        return resize(probability, (self.height, self.width)) > 127


def disjoint(anchors: Mapping[str, ObjectMask]) -> dict[str, ObjectMask]:
    """Anchors of one group: a pixel that several claim goes to the one of highest quality."""
    order = sorted(anchors, key=lambda object_id: (-anchors[object_id].quality, object_id))
    taken = np.zeros_like(anchors[order[0]].mask) if order else np.zeros((0, 0), dtype=bool)
    result: dict[str, ObjectMask] = {}
    for object_id in order:
        result[object_id] = replace(anchors[object_id], mask=anchors[object_id].mask & ~taken)
        taken |= anchors[object_id].mask
    return result


def _aggregated(maps: Mapping[str, ProbabilityMap], occupied: NDArray[np.bool_] | None) -> Mapping[str, ProbabilityMap]:
    """Soft aggregation: odds of every object against the others and a background of Π(1 - p).

    Source: Oh et al., "Video Object Segmentation using Space-Time Memory Networks" (ICCV 2019), section 3.4.
    """
    is_shared = occupied is not None and bool(occupied.any())
    if len(maps) + is_shared < 2:
        return maps
    size = next(iter(maps.values())).probability.shape
    free = np.ones(size, dtype=bool)
    if occupied is not None:
        free = resize(occupied.astype(np.float32), size) <= 0.5
    boxed = {i: _box(found.probability) for i, found in maps.items()}
    background, total = np.ones(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    for object_id, box in boxed.items():
        code = maps[object_id].probability[box] * free[box]
        background[box] *= _looked_up(_COMPLEMENT, code)
        total[box] += _looked_up(_ODDS, code)
    background = np.clip(background, _LEAST, 1 - _LEAST)
    total += background / (1 - background)
    return {i: _among(found, boxed[i], free, total) for i, found in maps.items()}


def _among(found: ProbabilityMap, box: tuple[slice, slice], free: NDArray[np.bool_], total: Map) -> ProbabilityMap:
    """A map against the ``total`` odds of all objects and the background; nothing where others are anchored."""
    probability, trust = np.zeros_like(found.probability), np.zeros_like(found.trust)
    code = found.probability[box] * free[box]
    shared: Map = _looked_up(_ODDS, code) / total[box]
    kept: Map = np.minimum(shared / _looked_up(_PROBABILITY, code), np.float32(1)) * free[box]
    probability[box] = to_bytes(shared)
    trust[box] = to_bytes(found.trust[box] * (kept / np.float32(255)))
    return ProbabilityMap(probability, trust, found.quality)


def _looked_up(table: Map, code: Bytes) -> Map:
    """``table[code]``, five times as fast as by numpy."""
    return np.asarray(cv2.LUT(code, table) if code.size else table[code], dtype=np.float32)


def _box(values: Bytes) -> tuple[slice, slice]:
    """Rows and columns of the box outside of which a map is zero."""
    left, top, width, height = cv2.boundingRect(values)
    return slice(top, top + height), slice(left, left + width)
