"""Views of a clip: what is cut out, mirrored and brightened, with points that move along with their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_MOST_LINEAR = 2.0
"""Down to half of the size, bilinear values leave no pixel of a frame out, in a sixth of the time of averages."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far views differ.

    Attributes:
        least_side: the shortest cut-out, as a share of the frame's sides.
        mirror: whether half of the clips are mirrored.
        light: brightness and contrast change by at most this share.
    """

    least_side: float = 0.7
    mirror: bool = True
    light: float = 0.2


@dataclass(frozen=True, slots=True)
class View:
    """One view, the same for all frames of a clip.

    Attributes:
        window: x0, y0, x1, y1 in pixels of the frame, half-open.
        height: of the view, in pixels.
        width: of the view, in pixels.
        is_mirrored: left and right are exchanged.
        gain: contrast.
        offset: brightness, added to values of 0 to 255.
        is_averaged: a smaller image has averages over areas even where bilinear values would do.
    """

    window: tuple[int, int, int, int]
    height: int
    width: int
    is_mirrored: bool = False
    gain: float = 1.0
    offset: float = 0.0
    is_averaged: bool = False

    def image(self, frame: Image) -> Image:
        """The view of a (H, W, 3) uint8 frame, (height, width, 3) uint8."""
        x0, y0, x1, y1 = self.window
        least = 1.0 if self.is_averaged else _MOST_LINEAR
        how = cv2.INTER_AREA if x1 - x0 > least * self.width else cv2.INTER_LINEAR
        seen = cv2.resize(frame[y0:y1, x0:x1], (self.width, self.height), interpolation=how)
        if self.is_mirrored:
            seen = cv2.flip(seen, 1)
        if (self.gain, self.offset) != (1.0, 0.0):
            values = np.clip(np.arange(256) * self.gain + self.offset, 0, 255).astype(np.uint8)
            seen = cv2.LUT(seen, values)
        return np.asarray(seen, dtype=np.uint8)

    def mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The view of a (H, W) bool mask, (height, width) bool: what covers half of a pixel fills it."""
        x0, y0, x1, y1 = self.window
        how = cv2.INTER_AREA if self.width < x1 - x0 else cv2.INTER_LINEAR
        share = cv2.resize(mask[y0:y1, x0:x1].astype(np.float32), (self.width, self.height), interpolation=how)
        return np.ascontiguousarray(share[:, ::-1] if self.is_mirrored else share) >= 0.5

    def points(self, xy: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Where pixels of the frame are in the view.

        Args:
            xy: (N, 2) pixel indices of the frame, x first.

        Returns:
            (N, 2) float32 in pixels of the view, whole numbers at the centres of pixels; and (N,) bool, whether a point
            is in it.
        """
        x0, y0, x1, y1 = self.window
        scale = np.array([self.width / (x1 - x0), self.height / (y1 - y0)])
        seen = (np.asarray(xy, dtype=np.float64) + 0.5 - (x0, y0)) * scale - 0.5
        if self.is_mirrored:
            seen[:, 0] = self.width - 1 - seen[:, 0]
        is_inside = ((seen >= -0.5) & (seen < (self.width - 0.5, self.height - 0.5))).all(axis=1)
        return seen.astype(np.float32), is_inside


def whole_view(frame_size: tuple[int, int], size: tuple[int, int]) -> View:
    """All of a frame of (height, width), at another size."""
    return View((0, 0, frame_size[1], frame_size[0]), *size)


def draw_view(
    frame_size: tuple[int, int], size: tuple[int, int], options: Augmentation, random: np.random.Generator
) -> View:
    """A view by chance.

    Args:
        frame_size: (height, width) of the frames.
        size: (height, width) of the view.
        options: how far it may differ.
        random: decides.
    """
    height, width = frame_size
    side = random.uniform(options.least_side, 1.0)
    cut_height, cut_width = max(round(side * height), 1), max(round(side * width), 1)
    y0, x0 = (int(random.integers(room + 1)) for room in (height - cut_height, width - cut_width))
    gain, shift = random.uniform(1 - options.light, 1 + options.light, 2)
    is_mirrored = options.mirror and bool(random.integers(2))
    window = (x0, y0, x0 + cut_width, y0 + cut_height)
    return View(window, *size, is_mirrored, float(gain), float(128 * (shift - gain)))
