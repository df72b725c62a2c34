"""A mask that is nearly right is corrected close up: the segmenter sees the object and the clicks, not the whole frame.

From afar a segmenter sees too little of a mask that is nearly right to keep it, and redraws the object. A mask that
is quite wrong is better redrawn: then the closer look does not do what the clicks ask for, and the whole frame is
looked at. Of two answers that do it equally well, the one that keeps more of the mask counts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from schemas.iou import iou
from schemas.prompts import Prompt
from stages.backends.segmenter import Segment, Segmenter

Mask = NDArray[np.bool_]
_MARGIN, _LEAST_PX = 0.5, 32
"""Around the mask and the clicks: a share of their longer side, and pixels at least."""
_NEAR = 0.017
"""Of the frame's shorter side: as near to a click, pixels should be as it says."""
_WORTH = 0.15
"""Of the pixels near clicks: answers that put so many more right are better, whatever else they change."""
_ALIKE = 0.75
"""Intersection over union with the mask that was there, from which on it was nearly right."""


def segmented(segmenter: Segmenter, image: NDArray[np.uint8], prompt: Prompt) -> Segment:
    """The segmenter's answer to clicks on a mask, close up where that does what they ask for.

    Args:
        segmenter: the run's.
        image: (H, W, 3) uint8 RGB.
        prompt: with or without a mask; without one the whole frame is looked at.
    """
    part = _part(prompt, image.shape[0], image.shape[1])
    if part is None:
        return segmenter.segment(image, [prompt])[0]
    (near,) = segmenter.segment(np.ascontiguousarray(image[part]), [_seen_in(prompt, part)])
    mask = np.zeros(image.shape[:2], dtype=bool)
    mask[part] = near.mask
    close = Segment(mask, near.quality)
    if unmet(mask, prompt) <= _WORTH and _kept(close, prompt) >= _ALIKE:
        return close
    (whole,) = segmenter.segment(image, [prompt])
    gain = unmet(mask, prompt) - unmet(whole.mask, prompt)
    is_better = gain > _WORTH or (gain > -_WORTH and _kept(whole, prompt) > _kept(close, prompt))
    return whole if is_better else close


def _kept(segment: Segment, prompt: Prompt) -> float:
    return 0.0 if prompt.mask is None else iou(segment.mask, prompt.mask)


def unmet(mask: Mask, prompt: Prompt) -> float:
    """Of the pixels near each click, the share that is not as it says; the mean over clicks, 0 without any.

    >>> prompt = Prompt("1", "clicks", np.array([[1.0, 1.0]]), np.array([1]), np.zeros((0, 2)))
    >>> unmet(np.ones((4, 4), dtype=bool), prompt), unmet(np.zeros((4, 4), dtype=bool), prompt)
    (0.0, 1.0)
    """
    reach = max(2, round(_NEAR * min(mask.shape)))
    shares = []
    for (x, y), label in zip(prompt.points_px.astype(int).tolist(), prompt.labels.tolist(), strict=True):
        around = mask[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
        shares.append(float((around != bool(label)).mean()) if around.size else 0.0)
    return float(np.mean(shares)) if shares else 0.0


def _part(prompt: Prompt, height: int, width: int) -> tuple[slice, slice] | None:
    """Rows and columns around mask and clicks; None without a mask, with a box, or for all of the frame."""
    if prompt.mask is None or prompt.box_xyxy_px is not None:
        return None
    rows, columns = np.flatnonzero(prompt.mask.any(axis=1)), np.flatnonzero(prompt.mask.any(axis=0))
    corners = np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]], dtype=np.float64)
    places = np.concatenate([corners, prompt.points_px, prompt.points_px + 1])
    low, high = places.min(axis=0), places.max(axis=0)
    margin = max(_LEAST_PX, _MARGIN * float((high - low).max()))
    left, top = np.maximum(low - margin, 0).astype(int).tolist()
    right, bottom = np.minimum(high + margin, [width, height]).astype(int).tolist()
    is_whole = (right - left, bottom - top) == (width, height)
    return None if is_whole else (slice(top, bottom), slice(left, right))


def _seen_in(prompt: Prompt, part: tuple[slice, slice]) -> Prompt:
    """The same prompt in pixels of a part of the frame that holds all of it."""
    corner = np.array([part[1].start, part[0].start], dtype=np.float32)
    mask = None if prompt.mask is None else np.ascontiguousarray(prompt.mask[part])
    return replace(prompt, points_px=prompt.points_px - corner, support_px=prompt.support_px - corner, mask=mask)
