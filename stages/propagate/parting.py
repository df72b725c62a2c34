"""Masks that came about apart share no pixel afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def part(masks: Sequence[NDArray[np.bool_]], trusts: Sequence[NDArray[np.uint8] | None]) -> list[NDArray[np.bool_]]:
    """Give every pixel that several masks claim to the one that is surest of it, the first of equals.

    Args:
        masks: (H, W) bool, of one frame.
        trusts: (h, w) uint8 each, 255 surely the object; None for a mask that is taken as given.

    Returns:
        The masks without what others got; where they overlap nowhere, as they were.

    >>> one, other = np.array([[True, True, False]]), np.array([[False, True, True]])
    >>> [mask.astype(int).tolist() for mask in part([one, other], [np.full((1, 3), 90, np.uint8), None])]
    [[[1, 0, 0]], [[0, 1, 1]]]
    """
    height, width = masks[0].shape
    owner, best = np.full((height, width), -1), np.full((height, width), -1, dtype=np.int16)
    for number, (mask, trust) in enumerate(zip(masks, trusts, strict=True)):
        sure = 256 if trust is None else cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR)
        won = mask & (best < sure)
        owner[won] = number
        best[won] = sure if isinstance(sure, int) else sure[won]
    return [mask & (owner == number) for number, mask in enumerate(masks)]
