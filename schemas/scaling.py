"""Masks made at another resolution than the video."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", bound=np.generic)


def scaled(labels: NDArray[Kind], height: int, width: int) -> NDArray[Kind]:
    """(height, width) labels, each the nearest of ``labels``; the same array when it has that size.

    Raises:
        ValueError: the aspects differ by more than rounding to whole pixels.

    >>> scaled(np.array([[1, 2]]), 2, 4).tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    old_height, old_width = labels.shape
    if (old_height, old_width) == (height, width):
        return labels
    require_aspect(old_height, old_width, height, width)
    rows = (2 * np.arange(height) + 1) * old_height // (2 * height)
    columns = (2 * np.arange(width) + 1) * old_width // (2 * width)
    found: NDArray[Kind] = labels[rows[:, None], columns]
    return found


def require_aspect(old_height: int, old_width: int, height: int, width: int) -> None:
    """Raise ValueError when a mask of one size is not a scaled picture of a frame of another."""
    if min(abs(old_width - width * old_height / height), abs(old_height - height * old_width / width)) >= 1:
        raise ValueError(
            f"mask of {old_width}x{old_height} pixels has another aspect than the frame of {width}x{height}; "
            "make it at the frame's size"
        )
