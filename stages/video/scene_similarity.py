"""Whether two frames show one scene, however bright it is lit, however much of one frame is broken; shared ground.

A frame is compared in blocks. A block of one frame that is found again near its place in the other, up to contrast and
brightness (normalised cross-correlation), speaks for one scene. Neighbouring frames of one shot share most blocks, also
in fast motion; frames of different shots hardly any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX = 160
Grey = NDArray[np.float32]

_ROWS, _COLUMNS = 4, 6
_SEARCHED_PX = 12
_LEAST_CONTRAST = 1.5
_FEWEST_BLOCKS = 3
_SAME_BLOCK = 0.8
_SAME_SHARE = 0.3
_SAME_COLOURS = 0.72
_COLOUR_BINS = (8, 4, 4)
_SAME_LEVEL = 10.0
_DARK, _BRIGHT = 40.0, 215.0


@dataclass(frozen=True, slots=True, eq=False)
class FrameSummary:
    """What is remembered of a frame.

    Attributes:
        frame_idx: its index.
        picture: (h, WIDTH_PX, 3) uint8 RGB.
        grey: (h, WIDTH_PX) float32.
    """

    frame_idx: int
    picture: NDArray[np.uint8]
    grey: Grey

    @classmethod
    def at(cls, frame_idx: int, small: NDArray[np.uint8]) -> FrameSummary:
        """Of a (h, WIDTH_PX, 3) RGB picture."""
        return cls(frame_idx, small, np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.float32))

    def colours(self) -> NDArray[np.float32]:
        """Shares of hue, saturation and value, 1 in all; few frames are asked for them."""
        hsv = cv2.cvtColor(self.picture, cv2.COLOR_RGB2HSV)
        counts = cv2.calcHist([hsv], [0, 1, 2], None, list(_COLOUR_BINS), [0, 180, 0, 256, 0, 256])
        return np.asarray(counts / counts.sum(), dtype=np.float32)

    @property
    def is_blank(self) -> bool:
        """Whether all is black or all is white, so that nobody can tell the scene."""
        return float(self.grey.std()) < _LEAST_CONTRAST and not _DARK < float(self.grey.mean()) < _BRIGHT


def has_same_colours(one: FrameSummary, other: FrameSummary) -> bool:
    """Whether two frames may show the same scene, though the camera moved between them for a while."""
    return float(np.minimum(one.colours(), other.colours()).sum()) >= _SAME_COLOURS


def is_same_scene(one: Grey, other: Grey) -> bool:
    """Whether two frames of one size, a few frames apart at most, show the same scene.

    >>> scene = np.random.default_rng(0).normal(100, 30, (90, 160)).astype(np.float32)
    >>> is_same_scene(scene, 0.2 * scene), is_same_scene(scene, scene[::-1].copy())
    (True, False)
    """
    found = [match for match in (_match(one, other, *place) for place in _places(one)) if match is not None]
    if len(found) < _FEWEST_BLOCKS:  # hardly any texture: the level has to do
        return float(np.abs(one - other).mean()) < _SAME_LEVEL
    return float(np.mean(np.asarray(found) > _SAME_BLOCK)) >= _SAME_SHARE


def _places(grey: Grey) -> list[tuple[int, int, int, int]]:
    """(y, x, height, width) of every block."""
    height, width = grey.shape[0] // _ROWS, grey.shape[1] // _COLUMNS
    if not height or not width:
        return []
    return [(y * height, x * width, height, width) for y in range(_ROWS) for x in range(_COLUMNS)]


def _match(one: Grey, other: Grey, y: int, x: int, height: int, width: int) -> float | None:
    """How well a block of one frame is found in the other, at most 1; None where the block has no texture."""
    block = one[y : y + height, x : x + width]
    if block.std() < _LEAST_CONTRAST:
        return None
    around = other[
        max(0, y - _SEARCHED_PX) : y + height + _SEARCHED_PX, max(0, x - _SEARCHED_PX) : x + width + _SEARCHED_PX
    ]
    if around.std() < _LEAST_CONTRAST:
        return 0.0
    scores: NDArray[Any] = cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED)
    return float(scores[np.isfinite(scores) & (np.abs(scores) <= 1.001)].max(initial=0.0))
