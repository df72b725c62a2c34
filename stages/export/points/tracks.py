"""Points that persist: verified points on objects, followed through the video as long as it can be told where they are.

A point starts where people confirmed it and is followed forward and backward by sparse optical flow (pyramidal
Lucas-Kanade). It is lost for good where following it back does not lead to where it came from, where it leaves the
mask of its object or the frame, at a cut, and at a frame that could not be decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FEWEST_FRAMES = 5
"""On which a point that persists is seen; in a shorter video, on all of its frames."""
MOST_ERROR_PX = 0.5
"""Between a point and where it is found when it is followed to the next frame and back, in pixels of ``video``."""
_WINDOW, _LEVELS = (15, 15), 3

IsOnObject = Callable[[int, int, float, float], bool]
"""(number of the point, frame index, x, y in [0, 1]) → whether that is on the point's object."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Points over all frames of a video.

    Attributes:
        xy_norm: (N, T, 2) float32, x first, in [0, 1] of the frame; where a point is hidden, where it was seen last.
        is_hidden: (N, T) bool.
        kept: (N,) int64, numbers of the points among those that were given.
    """

    xy_norm: NDArray[np.float32]
    is_hidden: NDArray[np.bool_]
    kept: NDArray[np.int64]


def follow(
    video: NDArray[np.uint8],
    starts: Sequence[tuple[int, float, float]],
    breaks: Collection[int],
    is_on_object: IsOnObject,
) -> Tracks:
    """Follow points through a video; those that persist.

    Args:
        video: (T, H, W, 3) uint8 RGB.
        starts: (frame index, x, y in [0, 1]) of every point.
        breaks: frames over whose beginning nothing is followed.
        is_on_object: says where a point's object is.
    """
    n_frames, height, width = video.shape[:3]
    size = np.array([width, height], dtype=np.float32)
    xy = np.zeros((len(starts), n_frames, 2), dtype=np.float32)
    seen = np.zeros((len(starts), n_frames), dtype=bool)
    for number, (idx, x, y) in enumerate(starts):
        xy[number, :] = np.array([x, y], dtype=np.float32) * size - 0.5
        seen[number, idx] = True
    grey = _Grey(video)
    for step, order in ((1, range(n_frames - 1)), (-1, range(n_frames - 1, 0, -1))):
        is_alive = np.zeros(len(starts), dtype=bool)
        for idx in order:
            after = idx + step
            is_alive |= np.array([start == idx for start, _, _ in starts], dtype=bool)
            if max(idx, after) in breaks:
                is_alive[:] = False
            numbers = np.flatnonzero(is_alive)
            if not numbers.size:
                continue
            found, is_found = _next(grey(idx), grey(after), xy[numbers, idx])
            for number, place, is_there in zip(numbers.tolist(), found, is_found.tolist(), strict=True):
                x, y = ((place + 0.5) / size).tolist()
                is_alive[number] = is_there and 0 <= x < 1 and 0 <= y < 1 and is_on_object(number, after, x, y)
                rest = slice(after, None) if step > 0 else slice(0, after + 1)
                if is_alive[number]:
                    xy[number, rest] = place
                    seen[number, after] = True
    kept = np.flatnonzero(seen.sum(axis=1) >= min(FEWEST_FRAMES, n_frames))
    return Tracks((xy[kept] + 0.5) / size, ~seen[kept], kept)


class _Grey:
    """Frames as grey images; the last two are kept."""

    def __init__(self, video: NDArray[np.uint8]) -> None:
        self._video = video
        self._kept: dict[int, NDArray[np.uint8]] = {}

    def __call__(self, idx: int) -> NDArray[np.uint8]:
        if idx not in self._kept:
            self._kept = dict(list(self._kept.items())[-1:])
            self._kept[idx] = np.asarray(cv2.cvtColor(self._video[idx], cv2.COLOR_RGB2GRAY))
        return self._kept[idx]


def _next(
    now: NDArray[np.uint8], after: NDArray[np.uint8], xy: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(N, 2) places on the next image, and whether following them back leads to where they came from."""
    given = np.ascontiguousarray(xy[:, None, :])
    found, forth, _ = cv2.calcOpticalFlowPyrLK(now, after, given, None, winSize=_WINDOW, maxLevel=_LEVELS)  # type: ignore[call-overload]
    again, back, _ = cv2.calcOpticalFlowPyrLK(after, now, found, None, winSize=_WINDOW, maxLevel=_LEVELS)  # type: ignore[call-overload]
    error = np.linalg.norm((again - given)[:, 0, :], axis=1)
    return found[:, 0, :], (forth[:, 0] == 1) & (back[:, 0] == 1) & (error <= MOST_ERROR_PX)
