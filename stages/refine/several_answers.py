"""The segmenter is asked for a corrected mask in three ways, and the mean of its answers counts.

A segmenter that starts from the old mask keeps most of it: that helps where the mask is nearly right, and hurts where
it is quite wrong. So one answer starts from the mask and the clicks, one also gets places deep inside the mask as
clicks, and one gets the clicks and those places without the mask, close up, where it sees more of the object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas.prompts import Array, Prompt
from stages.backends.segmenter import Segmenter

Map = NDArray[np.float32]
_MARGIN, _LEAST_PX = 0.5, 32
"""Around the mask and the clicks: a share of their longer side, and pixels at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a segmenter says of one prompt, asked in one or several ways.

    Attributes:
        mean: (H, W) float32 in [0, 1], the mean of the answers; the object is above 0.5.
        n: how many answers there are; others that joined them may count as parts of one.
        quality: the mean of their qualities, in [0, 1].
    """

    mean: Map
    n: float
    quality: float

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool, what the answers say by themselves."""
        return self.mean > 0.5

    def joined_by(self, other: Map, n: float) -> Answers:
        """With another (H, W) float32 opinion in [0, 1] that counts as ``n`` answers."""
        total = self.n + n
        return Answers(((self.n * self.mean + n * other) / total).astype(np.float32), total, self.quality)


def answers_to(segmenter: Segmenter, image: NDArray[np.uint8], prompt: Prompt) -> Answers:
    """The segmenter's answers to clicks on a mask.

    There is only one answer without a mask, with a box, or where no place is known to lie on the object: no click does,
    and the mask is too thin to have a place inside.

    Args:
        segmenter: the run's.
        image: (H, W, 3) uint8 RGB.
        prompt: its support is the clicks on the object and places deep inside the mask.
    """
    prompt = replace(prompt, is_soft=True)
    if prompt.mask is None or prompt.box_xyxy_px is not None or not len(prompt.support_px):
        (only,) = segmenter.segment(image, [prompt])
        return Answers(only.soft(), 1, only.quality)
    told = _with_places(prompt)
    found = segmenter.segment(image, [prompt, told])
    part = _around(prompt.mask, told.points_px)
    (near,) = segmenter.segment(np.ascontiguousarray(image[part]), [_seen_in(told, part)])
    total = found[0].soft() + found[1].soft()
    total[part] += near.soft()
    quality = float(np.mean([one.quality for one in (*found, near)]))
    return Answers(total / np.float32(3), 3, quality)


def _with_places(prompt: Prompt) -> Prompt:
    """The same prompt with all places of its support as clicks on the object."""
    off = prompt.points_px[prompt.labels == 0]
    points = np.concatenate([prompt.support_px, off]).astype(np.float32)
    labels = np.repeat(np.array([1, 0], dtype=np.int8), [len(prompt.support_px), len(off)])
    return replace(prompt, points_px=points, labels=labels)


def _around(mask: NDArray[np.bool_], points_px: Array) -> tuple[slice, slice]:
    """Rows and columns around a mask, not empty, and pixels (N, 2), x first."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    corners = np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]], dtype=np.float64)
    places = np.concatenate([corners, points_px, points_px + 1])
    low, high = places.min(axis=0), places.max(axis=0)
    margin = max(_LEAST_PX, _MARGIN * float((high - low).max()))
    left, top = np.maximum(low - margin, 0).astype(int).tolist()
    right, bottom = np.minimum(high + margin, mask.shape[::-1]).astype(int).tolist()
    return slice(top, bottom), slice(left, right)


def _seen_in(prompt: Prompt, part: tuple[slice, slice]) -> Prompt:
    """The same prompt without its mask, in pixels of a part of the frame that holds all of it."""
    corner = np.array([part[1].start, part[0].start], dtype=np.float32)
    return replace(prompt, points_px=prompt.points_px - corner, support_px=prompt.support_px - corner, mask=None)
