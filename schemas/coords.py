"""The only converter between normalised, pixel and percent coordinates, and between frame numberings.

Pixel points are integer pixel indices, x right, y down, origin top-left. Boxes are ``xyxy_px``, half-open.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def norm_to_pixel(xy_norm: Array, width: int, height: int) -> NDArray[np.int64]:
    """Map normalised points to pixel indices: ``min(floor(x * W), W - 1)``.

    Args:
        xy_norm: (N, 2) float, x first, in [0, 1]; values outside are clipped to the frame.
        width: frame width in pixels.
        height: frame height in pixels.

    Returns:
        (N, 2) int64 pixel indices, x first.

    Source: Video Localized Narratives, data format.

    >>> norm_to_pixel(np.array([[0.0, 1.0], [0.5, 0.5]]), 10, 4).tolist()
    [[0, 3], [5, 2]]
    """
    size = np.array([width, height], dtype=np.float64)
    xy = np.floor(np.asarray(xy_norm, dtype=np.float64).reshape(-1, 2) * size).astype(np.int64)
    return np.clip(xy, 0, size.astype(np.int64) - 1)


def pixel_to_percent(xy_px: Array, width: int, height: int) -> NDArray[np.float64]:
    """Map pixel indices to the percent coordinates of the pixel's centre (Label Studio's unit).

    >>> pixel_to_percent(np.array([[0, 0]]), 10, 4).tolist()
    [[5.0, 12.5]]
    """
    size = np.array([width, height], dtype=np.float64)
    return (np.asarray(xy_px, dtype=np.float64).reshape(-1, 2) + 0.5) / size * 100.0


def percent_to_pixel(xy_percent: Array, width: int, height: int) -> NDArray[np.int64]:
    """Inverse of :func:`pixel_to_percent`, clipped to the frame.

    >>> percent_to_pixel(pixel_to_percent(np.array([[9, 3]]), 10, 4), 10, 4).tolist()
    [[9, 3]]
    """
    return norm_to_pixel(np.asarray(xy_percent, dtype=np.float64) / 100.0, width, height)


def scale_points(xy_px: Array, scale: Array | float) -> Array:
    """Pixel positions in a picture that is ``scale`` times as large: the centre of pixel x lies at ``x + 0.5``.

    Args:
        xy_px: (N, 2) or (2,) float.
        scale: one number, or (2,) of x and of y.

    >>> scale_points(np.array([[0.0, 3.0]]), 2).tolist(), scale_points(np.array([[0.5, 6.5]]), 0.5).tolist()
    ([[0.5, 6.5]], [[0.0, 3.0]])
    """
    scaled: Array = (xy_px + 0.5) * scale - 0.5
    return scaled


def frame_stem_to_idx(stem: str) -> int:
    """0-based decode index of a frame name in a video file, which has no frame names of its own.

    It is the number that the name ends in. OVIS names (``img_0000003``) are 1-based; those of Oops, UVO and DAVIS
    (``000021``) and of CVAT (``frame_000021``) are 0-based.

    Raises:
        ValueError: the stem does not end in a frame number.

    >>> frame_stem_to_idx("img_0000003"), frame_stem_to_idx("000021"), frame_stem_to_idx("frame_000021")
    (2, 21, 21)
    """
    found = re.fullmatch(r"(?:.*[^0-9.])?([0-9]+)", stem, re.DOTALL)
    if not found:
        raise ValueError(f"frame name {stem!r} does not end in a frame number, as '000021' and 'img_0000003' do")
    idx = int(found[1]) - (1 if stem.startswith("img_") else 0)
    if idx < 0:
        raise ValueError(f"frame name {stem!r} lies before the first frame")
    return idx
