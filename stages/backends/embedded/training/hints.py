"""Hints that a person, or a tracker, would have given for an object, as maps: clicks, boxes, traces, poor masks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Prompt
from stages.backends.embedded.segmenter.click_network import HAS_PRIOR, NEGATIVE, POSITIVE, PRIOR
from stages.backends.embedded.segmenter.crops import Crop
from stages.backends.embedded.segmenter.prompt_maps import CLICK_RADIUS, Map, draw_maps
from stages.backends.embedded.training.priors import degraded_mask, drifted_mask
from stages.backends.embedded.training.views import TrainingView

Mask = NDArray[np.bool_]
Array = NDArray[Any]
Click = tuple[int, int, int]
"""x, y, and 1 on or 0 off the object."""
_KINDS, _SHARES = ("clicks", "box", "trace", "prior", "correction"), (0.32, 0.1, 0.1, 0.18, 0.3)
_PART_SHARES = (0.0, 0.35, 0.0, 0.45, 0.2)
_MOST_REGIONS, _LEAST_PX = 3, 30
"""A person corrects at most this many wrong regions at once, each of at least this many pixels of a view."""
_TURNS = np.array([0.0, 0.35, -0.35, 0.8, -0.8, 1.5, -1.5, 2.3, -2.3, math.pi])
"""A hand that would leave the object tries these turns, the smallest first."""


def first_hints(view: TrainingView, rng: np.random.Generator) -> Map:
    """(6, h, w) float32 maps of what is given at first; where only points are true, those are the clicks."""
    if not view.has_mask:
        return _from_points(view, rng)
    if not view.mask.any():
        return _maps(view.mask.shape, ())
    kind = str(rng.choice(_KINDS, p=_PART_SHARES if view.is_part else _SHARES))
    if kind == "correction":
        prior = drifted_mask(view.mask, view.other, rng)
        return _maps(view.mask.shape, _region_clicks(view, prior > 0.5, rng), prior=prior)
    return _maps(
        view.mask.shape,
        _clicks(view, kind, rng),
        _box(view.mask, rng) if kind == "box" else None,
        _stroke(view.mask, rng) if kind == "trace" else None,
        degraded_mask(view.mask, view.other, rng) if kind == "prior" else None,
    )


def next_hints(maps: Map, view: TrainingView, probability: Map, rng: np.random.Generator) -> Map:
    """The maps with further clicks where the answer is wrong, and mostly with the answer as the prior.

    Mostly it is one click, where the answer is most wrong; else one in each of the largest wrong regions.
    """
    maps = maps.copy()
    answer = probability > 0.5
    if rng.random() < 0.3:
        for x, y, label in _region_clicks(view, answer, rng):
            _click(maps[POSITIVE if label else NEGATIVE], x, y)
        return _given(maps, probability, rng)
    errors = [view.truth & ~answer & view.known, answer & ~view.truth & view.known]
    depths = [_depth(error) for error in errors]
    is_off = int(depths[1].max() > depths[0].max())
    if depths[is_off].max() > 0 and rng.random() < 0.9:
        x, y = _pick(depths[is_off], 0.9 if rng.random() < 0.6 else 0.3, rng)
        _click(maps[NEGATIVE if is_off else POSITIVE], x, y)
    return _given(maps, probability, rng)


def _given(maps: Map, probability: Map, rng: np.random.Generator) -> Map:
    """The maps, mostly with an answer as the prior."""
    if rng.random() < 0.8:
        maps[PRIOR], maps[HAS_PRIOR] = probability, 1
    return maps


def _maps(
    shape: tuple[int, ...],
    clicks: Iterable[Click],
    box: Array | None = None,
    stroke: Array | None = None,
    prior: Map | None = None,
) -> Map:
    """Drawn as for an answer."""
    prompt = None
    if box is not None or stroke is not None:
        places = np.zeros((0, 2)) if stroke is None else stroke
        labels = np.ones(min(1, len(places)), dtype=np.int8)
        kind = "box" if stroke is None else "trace"
        prompt = Prompt("", kind, places[:1], labels, places, box)
    maps = draw_maps(prompt, prior, Crop.whole(*shape[:2]), (shape[0], shape[1]))
    for x, y, label in clicks:
        _click(maps[POSITIVE if label else NEGATIVE], x, y)
    return maps


def _from_points(view: TrainingView, rng: np.random.Generator) -> Map:
    """Some of the points as clicks, and often the guess as the prior."""
    y, x = np.nonzero(view.known)
    chosen = rng.permutation(len(x))[: rng.integers(1, 4)]
    clicks = [(int(x[i]), int(y[i]), int(view.truth[y[i], x[i]])) for i in chosen]
    prior = view.mask.astype(np.float32) if rng.random() < 0.6 and view.mask.any() else None
    return _maps(view.mask.shape, clicks, prior=prior)


def _clicks(view: TrainingView, kind: str, rng: np.random.Generator) -> list[Click]:
    """Mostly one click in the middle, sometimes more, rarely one beside."""
    chance = {"clicks": 1.0, "box": 0.15, "trace": 0.3, "prior": 0.3}[kind]
    depth = _depth(view.mask)
    floors = [0.95 if rng.random() < 0.5 else 0.2 + 0.5 * rng.random(), 0.15, 0.15]
    shares = [chance, 0.25 * (kind == "clicks"), 0.15 * (kind == "clicks")]
    found = [
        (*_pick(depth, floor, rng), 1) for floor, share in zip(floors, shares, strict=True) if rng.random() < share
    ]
    if kind == "clicks" and rng.random() < 0.12 and (beside := _beside(view)).any():
        found.append((*_pick(beside.astype(np.float32), 0.0, rng), 0))
    return found


def _region_clicks(view: TrainingView, answer: Mask, rng: np.random.Generator) -> list[Click]:
    """One click in each of the largest regions where an answer is wrong, mostly in the middle of it."""
    regions: list[tuple[int, Mask, int]] = []
    for label, error in ((1, view.truth & ~answer & view.known), (0, answer & ~view.truth & view.known)):
        n, numbers, facts, _ = cv2.connectedComponentsWithStats(error.astype(np.uint8), connectivity=8)
        areas = facts[:, cv2.CC_STAT_AREA].tolist()
        regions += [(areas[i], numbers == i, label) for i in range(1, n) if areas[i] >= _LEAST_PX]
    regions.sort(key=lambda one: -one[0])
    n_seen = int(rng.integers(1, _MOST_REGIONS + 1)) if rng.random() < 0.4 else _MOST_REGIONS
    floor = 0.9 if rng.random() < 0.7 else 0.3
    return [(*_pick(_depth(pixels), floor, rng), label) for _, pixels, label in regions[:n_seen]]


def _beside(view: TrainingView) -> Mask:
    """Where a person would say "not this": another object, else what is near."""

    def grown(side: int) -> Mask:
        return cv2.dilate(view.mask.astype(np.uint8), np.ones((side, side), dtype=np.uint8)) > 0

    away = view.known & ~grown(13)
    return view.other & away if (view.other & away).any() else away & grown(65)


def _box(mask: Mask, rng: np.random.Generator) -> Array:
    """Half-open xyxy around the object, some 5 % too large or a little too small on each side."""
    y, x = np.nonzero(mask)
    box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], dtype=np.float64)
    side = np.array([box[2] - box[0], box[3] - box[1]] * 2)
    return np.asarray(box + np.array([-1, -1, 1, 1]) * side * 0.15 * (1.3 * rng.random(4) - 0.3))


def _stroke(mask: Mask, rng: np.random.Generator) -> Array:
    """(N, 2) float64 positions of a hand that wanders over part of the object and slips off here and there."""
    height, width = mask.shape
    side = math.sqrt(np.count_nonzero(mask))
    step, wobble = side * (0.03 + 0.12 * rng.random()) + 1.5, 0.1 + 0.7 * rng.random()
    slip, angle = 0.12 * rng.random(), 2 * math.pi * rng.random()
    place = np.array(_pick(_depth(mask), 0.15, rng), dtype=np.float64)
    places = [place]
    for _ in range(int(3 + 28 * rng.random() ** 1.5)):
        ways = angle + wobble * rng.normal() + _TURNS
        ends = place + step * np.stack([np.cos(ways), np.sin(ways)], axis=1)
        pixels = np.clip(np.rint(ends), 0, [width - 1, height - 1]).astype(int)
        is_off = ~mask[pixels[:, 1], pixels[:, 0]] & (rng.random() >= slip)
        chosen = int(np.argmin(np.abs(_TURNS) + 10 * is_off))
        angle, place = ways[chosen], np.clip(ends[chosen], 0, [width - 1, height - 1])
        places.append(place)
    dense = np.concatenate([np.linspace(a, b, 4, endpoint=False) for a, b in pairwise(places)])
    beside = 0.06 * side * rng.normal(size=2) * (rng.random() < 0.3)
    return np.asarray(np.clip(dense + beside, 0, [width - 1, height - 1]))


def _depth(mask: Mask) -> Map:
    """(h, w) float32 distance to the nearest pixel off the mask, those beyond the frame included; 0 off it."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1], dtype=np.float32)


def _pick(depth: Map, floor: float, rng: np.random.Generator) -> tuple[int, int]:
    """A random pixel (x, y) among those at least ``floor`` times as deep as the deepest, deep ones rather."""
    y, x = np.nonzero((depth >= floor * depth.max()) & (depth > 0))
    weights = depth[y, x].astype(np.float64)
    chosen = rng.choice(len(x), p=weights / weights.sum())
    return int(x[chosen]), int(y[chosen])


def _click(target: Map, x: int, y: int) -> None:
    rows, columns = np.ogrid[: target.shape[0], : target.shape[1]]
    target[(rows - y) ** 2 + (columns - x) ** 2 <= CLICK_RADIUS * (CLICK_RADIUS + 0.5)] = 1
