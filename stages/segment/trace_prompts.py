"""Mouse trace to prompts: what of a trace lies on the object, where to click, and which box surely holds it.

A person talks while the mouse moves, so a trace runs onto the object, over it and away again. Each step below
removes one kind of error. All points are (N, 2) float64 pixels, x first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Array = NDArray[Any]

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution in units of its median absolute deviation."""


def outlier_limit(values: Array) -> float:
    """``median + 3 * 1.4826 * MAD``; infinite when more than half of the values are alike.

    >>> outlier_limit(np.array([1.0, 2.0, 3.0, 4.0, 5.0])) == 3 + 3 * 1.4826
    True
    """
    median = float(np.median(values))
    mad = float(np.median(np.abs(values - median)))
    return median + 3.0 * MAD_TO_SIGMA * mad if mad > 1e-9 * max(1.0, abs(median)) else float("inf")


def trim_ends(part: Array) -> Array:
    """Drop the first and last 10 % of a part of at least 10 points: the way onto the object and off it.

    >>> trim_ends(np.arange(20)).tolist() == list(range(2, 18)), len(trim_ends(np.arange(9)))
    (True, 9)
    """
    cut = len(part) // 10
    return part[cut : len(part) - cut]


def speeds(part: Points, times_ms: Array) -> NDArray[np.float64]:
    """Pixels a millisecond with which each point was reached; the first point of a part rests.

    >>> speeds(np.array([[0.0, 0], [3, 4]]), np.array([0, 10])).tolist()
    [0.0, 0.5]
    """
    steps = np.linalg.norm(np.diff(part, axis=0), axis=1) / np.maximum(np.diff(times_ms), 1)
    return np.concatenate([[0.0], steps])


def drop_fast(parts: Sequence[Points], times_ms: Sequence[Array]) -> list[Points]:
    """Drop points that were reached faster than the outlier limit over all parts."""
    by_part = [speeds(part, times) for part, times in zip(parts, times_ms, strict=True)]
    limit = outlier_limit(np.concatenate(by_part))
    kept = [part[speed <= limit] for part, speed in zip(parts, by_part, strict=True)]
    return [part for part in kept if len(part)]


def drop_outliers(parts: Sequence[Points]) -> list[Points]:
    """Drop points whose distance from the median point is beyond the outlier limit, never more than 40 % of them."""
    points = np.concatenate(parts)
    distance = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    farthest = np.argsort(-distance, kind="stable")[: int(0.4 * len(points))]
    keep = np.ones(len(points), dtype=bool)
    keep[farthest] = distance[farthest] <= outlier_limit(distance)
    flags = np.split(keep, np.cumsum([len(part) for part in parts])[:-1])
    kept = [part[flag] for part, flag in zip(parts, flags, strict=True)]
    return [part for part in kept if len(part)]


def smooth(part: Points) -> Points:
    """Running median of five points, each coordinate by itself; the ends are repeated.

    >>> smooth(np.array([[0.0, 0], [1, 0], [99, 0], [3, 0], [4, 0]]))[:, 0].tolist()
    [0.0, 1.0, 3.0, 4.0, 4.0]
    """
    padded = np.pad(part, ((2, 2), (0, 0)), mode="edge")
    result: Points = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5, axis=0), axis=-1)
    return result


def resample(part: Points, step_px: float) -> Points:
    """Points every ``step_px`` along the polyline, starting at its first point.

    >>> resample(np.array([[0.0, 0], [10, 0]]), 4.0).tolist()
    [[0.0, 0.0], [4.0, 0.0], [8.0, 0.0]]
    """
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(part, axis=0), axis=1))])
    at = np.arange(0.0, length[-1] + 1e-9, step_px)
    return np.stack([np.interp(at, length, part[:, axis]) for axis in (0, 1)], axis=1)


def pick_clicks(points: Points, apart_px: float, most: int = 3) -> Points:
    """Up to ``most`` clicks: the point nearest its 10 neighbours, then farthest points at least ``apart_px`` apart."""
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    neighbours = np.sort(distance, axis=1)[:, 1:11]
    chosen = [int(neighbours.mean(axis=1).argmin()) if len(points) > 1 else 0]
    while len(chosen) < most:
        nearest = distance[:, chosen].min(axis=1)
        farthest = int(nearest.argmax())
        if nearest[farthest] < apart_px:
            break
        chosen.append(farthest)
    return points[chosen]


def loose_square(points: Points, height: int, width: int) -> NDArray[np.float64]:
    """The square (half-open xyxy, clipped to the frame) in which an object with this trace lies.

    Source: Video Localized Narratives, appendix: the side is a quadratic of the trace's extent, fitted to
    objects with known boxes. Past its vertex, where it would shrink again, the side stays.
    """
    short = float(min(height, width))
    centre = points.mean(axis=0)
    u = min(2.0 * float(np.abs(points - centre).max()) / short, 1.6737112 / (2 * 0.42075962))
    side = short * (0.239715 + 1.6737112 * u - 0.42075962 * u * u)
    return clip_box(np.concatenate([centre - side / 2, centre + side / 2]), height, width)


def fence_box(points: Points, height: int, width: int) -> NDArray[np.float64]:
    """The loose square joined with the 2-98 percentile box grown by 10 %: a box that surely holds the object."""
    low, high = np.percentile(points, [2, 98], axis=0)
    margin = 0.1 * (high - low)
    square = loose_square(points, height, width)
    low, high = np.minimum(square[:2], low - margin), np.maximum(square[2:], high + margin)
    return clip_box(np.concatenate([low, high]), height, width)


def clip_box(xyxy: Array, height: int, width: int) -> NDArray[np.float64]:
    """The part of a box that lies in the frame.

    >>> clip_box(np.array([-5, 2, 30, 8]), 6, 20).tolist()
    [0.0, 2.0, 20.0, 6.0]
    """
    return np.clip(np.asarray(xyxy, dtype=np.float64), 0.0, [width, height, width, height])


def clean_trace(parts: Sequence[Points], times_ms: Sequence[Array], height: int, width: int) -> Points:
    """Positions that lie (nearly always) on the object: all steps from the raw trace to evenly spaced points."""
    trimmed = [trim_ends(part) for part in parts]
    slow = drop_fast(trimmed, [trim_ends(times) for times in times_ms])
    step_px = max(4.0, 0.01 * min(height, width))
    return np.concatenate([resample(smooth(part), step_px) for part in drop_outliers(slow)])


def trace_clicks(points: Points, height: int, width: int) -> Points:
    """Up to three clicks of a cleaned trace."""
    return pick_clicks(points, 0.05 * min(height, width))
