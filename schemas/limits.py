"""The largest values that are read, so that a hostile or broken file costs bounded memory and time."""

from __future__ import annotations

MOST_PIXELS = 1 << 26
"""Of a frame, a mask or a true mask, asked of its header before anything is decoded: 8192 x 8192, twice the area of 8K
video. A frame of that size takes 200 MB.
"""

MAX_INDEX = (1 << 31) - 1
"""Of a frame, as tables store it (32 bits)."""

MAX_TEXT = 100_000
"""Characters of a name or an expression."""


def require_size(what: str, height: int, width: int) -> None:
    """Raise ValueError when a picture is empty or larger than MOST_PIXELS; ``what`` names it.

    >>> require_size("mask", 100_000, 100_000)
    Traceback (most recent call last):
    ...
    ValueError: mask of 100000x100000 pixels is too large; at most 67,108,864 pixels are read: scale it down
    """
    if height < 1 or width < 1:
        raise ValueError(f"{what} of {width}x{height} pixels is empty")
    if height * width > MOST_PIXELS:
        raise ValueError(
            f"{what} of {width}x{height} pixels is too large; at most {MOST_PIXELS:,} pixels are read: scale it down"
        )
