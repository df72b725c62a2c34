"""How much the picture changes from frame to frame, and where it changes much more than around; shared ground.

The adaptive detector of PySceneDetect (Castellano; https://www.scenedetect.com), whose numbers these are. The package
itself starts ffmpeg when it is imported, which takes every worker a quarter of a second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Hsv = NDArray[np.uint8]
"""(h, w, 3) uint8 hue, saturation and value, as OpenCV scales them."""
WINDOW_FRAMES = 2
"""Frames before and after one that its change is compared with."""
_TIMES_ITS_SURROUNDINGS = 2.5
_LEAST_CHANGE = 20.0
_LEAST_SHOT_FRAMES = 3
_STILL = 1e-5


@dataclass(slots=True)
class SuddenChanges:
    """Told frame after frame, says which of them differ much more from the one before than their neighbours do."""

    _earlier: Hsv | None = None
    _changes: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=2 * WINDOW_FRAMES + 1))
    _last_idx: int | None = None

    def add(self, frame_idx: int, hsv: Hsv) -> int | None:
        """Take the next frame; the index of a frame ``WINDOW_FRAMES`` before it whose change was sudden, if it was."""
        self._changes.append((frame_idx, 0.0 if self._earlier is None else _change(self._earlier, hsv)))
        self._earlier = hsv
        if self._last_idx is None:
            self._last_idx = frame_idx
        if len(self._changes) <= 2 * WINDOW_FRAMES:
            return None
        idx, change = self._changes[WINDOW_FRAMES]
        around = (sum(other for _, other in self._changes) - change) / (2 * WINDOW_FRAMES)
        is_sudden = around < _STILL or change >= _TIMES_ITS_SURROUNDINGS * around
        if not is_sudden or change < _LEAST_CHANGE or idx - self._last_idx < _LEAST_SHOT_FRAMES:
            return None
        self._last_idx = idx
        return idx


def _change(one: Hsv, other: Hsv) -> float:
    """Mean absolute difference of all channels."""
    return float(cv2.norm(one, other, cv2.NORM_L1)) / one.size
