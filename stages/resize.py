"""Images, masks and maps at another size."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", np.uint8, np.float32)


def resize(values: NDArray[Kind], shape: tuple[int, ...], method: int | None = None) -> NDArray[Kind]:
    """A new array of another size.

    Args:
        values: (H, W) or (H, W, channels) uint8 or float32, not empty.
        shape: (height, width) of the result; what follows in it does not count.
        method: OpenCV's interpolation; None averages areas where there are fewer rows than before, else it
            interpolates bilinearly.

    >>> resize(np.array([[0, 4], [8, 4]], dtype=np.uint8), (1, 1)).tolist()
    [[4]]
    >>> resize(np.array([[0, 8]], dtype=np.float32), (1, 4)).tolist()
    [[0.0, 2.0, 6.0, 8.0]]
    """
    if method is None:
        method = cv2.INTER_AREA if shape[0] < values.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (shape[1], shape[0]), interpolation=method), dtype=values.dtype)


def shrink(values: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A smaller picture to measure on, at a quarter of the time that averaging whole areas takes.

    Pairs of rows and columns are averaged while there are at least twice as many as asked for; what is left is
    interpolated bilinearly.

    Args:
        values: (H, W) or (H, W, channels) uint8, not empty.
        shape: (height, width) of the result.

    >>> shrink(np.array([[0, 4, 9], [8, 4, 9]], dtype=np.uint8), (1, 1)).tolist()
    [[4]]
    """
    height, width = values.shape[:2]
    while height >= 2 * shape[0] and width >= 2 * shape[1]:
        height, width = height // 2, width // 2
        values = resize(values[: 2 * height, : 2 * width], (height, width), cv2.INTER_AREA)
    return resize(values, shape, cv2.INTER_LINEAR)
