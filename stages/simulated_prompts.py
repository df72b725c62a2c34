"""Hints that a person would have given, made from a true mask; for benchmarks, training and tests.

All functions take a (H, W) bool mask with at least one pixel, and are deterministic.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Box, Clicks, Trace

Array = NDArray[Any]
Mask = NDArray[np.bool_]
CLICK_MODES = ("center", "random")
TRACE_POINTS = 12
TRACE_STEP_MS = 80
SPILL = 0.1
"""Share of a trace's points that slip off the object."""


def depth_of(mask: Mask) -> NDArray[np.float32]:
    """(H, W) float32 distance to the nearest pixel off the object; what lies beyond the frame is off it.

    Raises:
        ValueError: the mask is empty.
    """
    if not mask.any():
        raise ValueError("the mask is empty; simulate prompts on frames that show the object")
    return np.asarray(
        cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    )


def simulate_click(mask: Mask, mode: str = "center", seed: int = 0) -> Clicks:
    """One click: ``center`` is the deepest pixel, ``random`` a uniform pixel at least 3 px deep where there is one.

    >>> simulate_click(np.ones((5, 9), dtype=bool))
    Clicks(xy_px=((2.0, 2.0),), labels=(1,))
    """
    depth = depth_of(mask)
    if mode == "center":
        return _clicks([_deepest(depth)])
    if mode == "random":
        inner = np.argwhere(depth > 3) if depth.max() > 3 else np.argwhere(mask)
        y, x = inner[np.random.default_rng(seed).integers(len(inner))]
        return _clicks([(int(x), int(y))])
    raise ValueError(f"unknown click mode {mode!r}; known: {', '.join(CLICK_MODES)}")


def simulate_clicks(mask: Mask, count: int = 3) -> Clicks:
    """The deepest pixel, then ``count - 1`` pixels, each as far as can be from those before among the deep ones."""
    depth = depth_of(mask)
    points = [_deepest(depth)]
    y, x = np.nonzero(depth > 0.4 * np.percentile(depth[mask], 90))
    while len(points) < count:
        nearest = np.min([np.hypot(x - px, y - py) for px, py in points], axis=0)
        farthest = int(nearest.argmax())
        points.append((int(x[farthest]), int(y[farthest])))
    return _clicks(points)


def simulate_trace(mask: Mask, seed: int = 0) -> Trace:
    """A trace of 12 shaky points along the object's long axis, one in ten of them off the object."""
    rng = np.random.default_rng(seed)
    points = _along_axis(mask, rng)
    spilled = rng.choice(len(points), max(1, round(SPILL * len(points))), replace=False)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    ring = np.argwhere((outside > 3) & (outside < 0.25 * np.sqrt(mask.sum())))
    if len(ring):
        points[spilled] = ring[rng.integers(len(ring), size=len(spilled))][:, ::-1]
    height, width = mask.shape
    xy_norm = (np.clip(points, 0, [width - 1, height - 1]) + 0.5) / [width, height]
    part = tuple((float(x), float(y)) for x, y in xy_norm)
    return Trace((part,), (tuple(range(0, TRACE_STEP_MS * len(part), TRACE_STEP_MS)),))


def simulate_box(mask: Mask, grow: float = 0.1) -> Box:
    """The bounding box, ``grow`` larger in width and height, clipped to the frame.

    >>> simulate_box(np.ones((20, 30), dtype=bool))
    Box(xyxy_px=(0.0, 0.0, 30.0, 20.0))
    """
    y, x = np.nonzero(mask)
    x0, x1, y0, y1 = int(x.min()), int(x.max()) + 1, int(y.min()), int(y.max()) + 1
    margin_x, margin_y = grow / 2 * (x1 - x0), grow / 2 * (y1 - y0)
    height, width = mask.shape
    low = (float(max(0, int(x0 - margin_x))), float(max(0, int(y0 - margin_y))))
    return Box((*low, float(min(width, int(x1 + margin_x))), float(min(height, int(y1 + margin_y)))))


def _along_axis(mask: Mask, rng: np.random.Generator) -> NDArray[np.float64]:
    """12 points of the medial axis in the order of their projection on the long axis, with jitter; (N, 2), x first."""
    depth = depth_of(mask)
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3))) - 1e-6) & (depth > 0.35 * depth.max())
    if ridge.sum() < TRACE_POINTS:
        ridge = depth > 0.3 * depth.max()
    medial = np.argwhere(ridge)[:, ::-1].astype(np.float64)
    centred = medial - medial.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    edges = np.quantile(along, np.linspace(0, 1, TRACE_POINTS + 1))
    bins = [np.flatnonzero((along >= low) & (along <= high)) for low, high in pairwise(edges)]
    chosen = [int(rng.choice(members)) for members in bins if len(members)]
    jitter = 0.0375 * np.sqrt(mask.sum())
    points: NDArray[np.float64] = medial[chosen] + jitter * rng.standard_normal((len(chosen), 2))
    return points


def _deepest(depth: NDArray[np.float32]) -> tuple[int, int]:
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(x), int(y)


def _clicks(points: list[tuple[int, int]]) -> Clicks:
    return Clicks(tuple((float(x), float(y)) for x, y in points), (1,) * len(points))
