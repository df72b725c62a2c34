"""Which part of a frame the click network looks at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Array, Prompt
from stages.backends.embedded.segmenter.click_network import MULTIPLE

_MARGIN, _FRAME_MARGIN = 0.3, 0.02
"""Around the object: a share of its longer side, and of the frame's."""
_LEAST, _SQUARENESS = 0.1, 0.6
"""Half the crop is at least this share of the frame's longer side, and its sides differ by no more than this."""
_WHOLE = 0.75
"""A crop of more than this share of the frame is not worth a second look."""
_LARGE_PART = 0.2


@dataclass(frozen=True, slots=True)
class Crop:
    """A half-open box of whole pixels of a frame."""

    left: int
    top: int
    right: int
    bottom: int

    @staticmethod
    def whole(height: int, width: int) -> Crop:
        """All of a frame."""
        return Crop(0, 0, width, height)

    @property
    def rows(self) -> slice:
        """Of the frame."""
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        """Of the frame."""
        return slice(self.left, self.right)

    def seen_size(self, side: int) -> tuple[int, int]:
        """(height, width) at which the network sees it: its longer side at about ``side`` pixels.

        >>> Crop(0, 0, 854, 480).seen_size(448)
        (256, 448)
        """
        height, width = self.bottom - self.top, self.right - self.left
        scale = side / max(height, width)
        rounded = (max(2, round(length * scale / MULTIPLE)) * MULTIPLE for length in (height, width))
        return next(rounded), next(rounded)


def closer_crop(probability: NDArray[np.float32], prompt: Prompt | None = None) -> Crop | None:
    """The part of a frame around an object with margins, or None where that is nearly the frame or there is nothing.

    Args:
        probability: (H, W) float32, where the object seems to be. Small parts that no hint lies on do not count.
        prompt: its hints, which the crop holds too; None without hints.
    """
    height, width = probability.shape
    seeds = np.zeros((0, 2)) if prompt is None else _seeds(prompt)
    corners = [seeds, *_corners(_relevant(probability > 0.5, seeds))]
    if prompt is not None and prompt.box_xyxy_px is not None:
        corners.append(prompt.box_xyxy_px.reshape(2, 2))
    places = np.concatenate(corners)
    if not len(places):
        return None
    low, high = places.min(axis=0), places.max(axis=0)
    longer = max(height, width)
    half = (high - low) / 2 + _MARGIN * (high - low).max() + _FRAME_MARGIN * longer
    half = np.maximum(half, _LEAST * longer)
    half = np.maximum(half, _SQUARENESS * half.max())
    left, top = np.maximum(np.floor((low + high) / 2 - half), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil((low + high) / 2 + half), [width, height]).astype(int).tolist()
    is_whole = (right - left) * (bottom - top) > _WHOLE * height * width
    return None if is_whole else Crop(left, top, right, bottom)


def _seeds(prompt: Prompt) -> Array:
    """Where the object surely is, (N, 2), x first, in continuous coordinates."""
    return np.asarray(np.concatenate([prompt.points_px[prompt.labels == 1], prompt.support_px]) + 0.5)


def _corners(mask: NDArray[np.bool_]) -> list[Array]:
    """The corners of the bounding box, (2, 2), x first; none of an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    return [np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]], dtype=np.float64)]


def _relevant(mask: NDArray[np.bool_], seeds: Array) -> NDArray[np.bool_]:
    """The parts of a mask that hold seeds, and large ones; all of it where no part does."""
    if not len(seeds) or not mask.any():
        return mask
    n_parts, parts, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    x, y = np.clip(seeds.astype(int), 0, [mask.shape[1] - 1, mask.shape[0] - 1]).T
    seeded = set(parts[y, x].tolist()) - {0}
    if not seeded:
        return mask
    areas = facts[:, cv2.CC_STAT_AREA]
    large = [part for part in range(1, n_parts) if areas[part] > _LARGE_PART * int(mask.sum())]
    return np.isin(parts, sorted(seeded.union(large)))
