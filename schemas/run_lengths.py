"""Compressed run lengths of COCO, read without trust: pycocotools writes out of bounds when they do not fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.limits import require_size

_MAX_CHARACTERS = 7
"""Of one number: 35 bits, more than the largest mask needs."""


def run_lengths(rle: str) -> NDArray[np.int64]:
    """(N,) int64 lengths of the runs, the first one of background.

    Raises:
        ValueError: the text is not COCO compressed counts.

    Source: COCO API, ``rleFrString``.

    >>> run_lengths("013000").tolist()
    [0, 1, 3, 1, 3, 1]
    """
    digits = np.frombuffer(rle.encode("utf-8", "backslashreplace"), np.uint8).astype(np.int64) - 48
    if not len(digits) or digits.min() < 0 or digits.max() > 63 or digits[-1] & 32:
        raise ValueError(f"{rle[:40]!r} is not COCO compressed counts")
    ends = np.flatnonzero(~digits & 32)
    starts = np.concatenate([[0], ends[:-1] + 1])
    sizes = ends - starts + 1
    if sizes.max() > _MAX_CHARACTERS:
        raise ValueError(f"COCO compressed counts hold a number of {sizes.max()} characters, not a run length")
    places = np.arange(len(digits)) - np.repeat(starts, sizes)
    lengths = np.add.reduceat((digits & 31) << (5 * places), starts)
    lengths -= np.where(digits[ends] & 16, np.int64(1) << (5 * sizes), 0)
    lengths[1::2] = np.cumsum(lengths[1::2])
    lengths[2::2] = np.cumsum(lengths[2::2])
    return lengths


def require_runs(lengths: NDArray[np.int64] | Sequence[int], height: int, width: int) -> None:
    """Raise ValueError when runs do not make a mask of this size."""
    require_size("mask", height, width)
    try:
        runs = np.asarray(lengths, dtype=np.int64)
    except OverflowError:
        raise ValueError("a run length is larger than any mask") from None
    if len(runs) and runs.min() < 0:
        raise ValueError(f"run length {runs.min()} is negative")
    if (len(runs) and runs.max() > height * width) or runs.sum() != height * width:
        raise ValueError(f"the runs cover {runs.sum():,} pixels, not the {height * width:,} of {width}x{height}")


def require_rle(rle: str, height: int, width: int) -> None:
    """Raise ValueError when COCO compressed counts are not those of a mask of this size.

    >>> require_rle("013000", 3, 4)
    Traceback (most recent call last):
    ...
    ValueError: the runs cover 9 pixels, not the 12 of 4x3
    """
    require_runs(run_lengths(rle), height, width)
