"""All that is known of one frame becomes its final masks; objects of one group share no pixel."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.groups import casts
from stages.propagate.probability_maps import Belief, Bytes, to_bytes
from stages.propagate.tracked import Anchor, Tracked

Map = NDArray[np.float32]
_LEAST = np.float32(1e-7)
_PROBABILITY: Map = np.clip(np.arange(256, dtype=np.float32) / 255, _LEAST, 1 - _LEAST)
_COMPLEMENT: Map = 1 - _PROBABILITY
_ODDS: Map = _PROBABILITY / _COMPLEMENT
"""What every byte of a probability stands for."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes final masks.

    Attributes:
        height: frame height in pixels.
        width: frame width in pixels.
        groups: object id → group; see :mod:`schemas.groups`.
        model: registry key of the propagator.
    """

    height: int
    width: int
    groups: Mapping[str, str]
    model: str

    def compose(self, frame_idx: int, beliefs: Mapping[str, Belief], anchors: Mapping[str, Anchor]) -> list[Tracked]:
        """The objects of a frame by id; an object with an anchor and a belief is its anchor."""
        rows: list[Tracked] = []
        for members, settled in casts({*beliefs, *anchors}, self.groups):
            fixed = _disjoint({i: anchors[i] for i in members if i in anchors}) if len(members) > 1 else anchors
            loose = {i: beliefs[i] for i in members if i not in anchors}
            size = next(iter(beliefs.values())).probability.shape if beliefs else (self.height, self.width)
            rows += [self._anchored(i, frame_idx, fixed[i], size) for i in settled if i in anchors]
            taken = [fixed[i].mask for i in members if i in anchors]
            rows += self._propagated(frame_idx, loose, taken, settled)
        return sorted((row for row in rows if row.mask.any()), key=lambda row: row.object_id)

    def _anchored(self, object_id: str, frame_idx: int, anchor: Anchor, size: tuple[int, ...]) -> Tracked:
        trust = to_bytes(_resized(anchor.mask.astype(np.float32), (size[0], size[1])))
        return Tracked(object_id, frame_idx, anchor.mask, trust, anchor.quality, anchor.source, anchor.model)

    def _propagated(
        self,
        frame_idx: int,
        beliefs: Mapping[str, Belief],
        taken: Iterable[NDArray[np.bool_]],
        settled: Container[str],
    ) -> list[Tracked]:
        occupied = np.zeros((self.height, self.width), dtype=bool)
        for mask in taken:
            occupied |= mask
        rows = []
        for object_id, belief in _aggregated(beliefs, occupied).items():
            if object_id not in settled:
                continue
            mask = self._full(belief.probability) & ~occupied
            rows.append(Tracked(object_id, frame_idx, mask, belief.trust, belief.quality, "propagator", self.model))
        return rows

    def _full(self, probability: Bytes) -> NDArray[np.bool_]:
        return _resized(probability.astype(np.float32), (self.height, self.width)) > 127.5


def _disjoint(anchors: Mapping[str, Anchor]) -> dict[str, Anchor]:
    """Anchors of one group: a pixel that several claim goes to the one of highest quality."""
    order = sorted(anchors, key=lambda object_id: (-anchors[object_id].quality, object_id))
    taken = np.zeros_like(anchors[order[0]].mask) if order else np.zeros((0, 0), dtype=bool)
    result: dict[str, Anchor] = {}
    for object_id in order:
        result[object_id] = replace(anchors[object_id], mask=anchors[object_id].mask & ~taken)
        taken |= anchors[object_id].mask
    return result


def _aggregated(beliefs: Mapping[str, Belief], occupied: NDArray[np.bool_]) -> Mapping[str, Belief]:
    """Soft aggregation: odds of every object against the others and a background of Π(1 - p).

    Source: Oh et al., "Video Object Segmentation using Space-Time Memory Networks" (ICCV 2019), section 3.4.
    """
    if len(beliefs) + bool(occupied.any()) < 2:
        return beliefs
    size = next(iter(beliefs.values())).probability.shape
    free = _resized(occupied.astype(np.float32), (size[0], size[1])) <= 0.5
    boxed = {i: _box(belief.probability) for i, belief in beliefs.items()}
    background, total = np.ones(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    for object_id, box in boxed.items():
        code = beliefs[object_id].probability[box] * free[box]
        background[box] *= _COMPLEMENT[code]
        total[box] += _ODDS[code]
    background = np.clip(background, _LEAST, 1 - _LEAST)
    total += background / (1 - background)
    return {i: _among(belief, boxed[i], free, total) for i, belief in beliefs.items()}


def _among(belief: Belief, box: tuple[slice, slice], free: NDArray[np.bool_], total: Map) -> Belief:
    """A belief against the ``total`` odds of all objects and the background; nothing where others are anchored."""
    probability, trust = np.zeros_like(belief.probability), np.zeros_like(belief.trust)
    code = belief.probability[box] * free[box]
    shared: Map = _ODDS[code] / total[box]
    kept: Map = np.minimum(shared / _PROBABILITY[code], np.float32(1)) * free[box]
    probability[box] = to_bytes(shared)
    trust[box] = to_bytes(belief.trust[box] * (kept / np.float32(255)))
    return Belief(probability, trust, belief.quality)


def _box(values: Bytes) -> tuple[slice, slice]:
    """Rows and columns of the box outside of which a map is zero."""
    left, top, width, height = cv2.boundingRect(values)
    return slice(top, top + height), slice(left, left + width)


def _resized(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """By area when it shrinks, bilinear when it grows."""
    method = cv2.INTER_AREA if size[0] < values.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=method), dtype=np.float32)
