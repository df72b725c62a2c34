"""The largest values that are read, so that a hostile or broken file costs bounded memory and time."""

from __future__ import annotations

MAX_PIXELS = 1 << 27
"""Of a frame or a mask: 16384 x 8192, enough for 16K video."""

MAX_INDEX = (1 << 31) - 1
"""Of a frame, as tables store it (32 bits)."""

MAX_TEXT = 100_000
"""Characters of a name or an expression."""


def require_size(what: str, height: int, width: int) -> None:
    """Raise ValueError when a picture is empty or larger than MAX_PIXELS; ``what`` names it.

    >>> require_size("mask", 100_000, 100_000)
    Traceback (most recent call last):
    ...
    ValueError: mask of 100000x100000 pixels is too large; at most 134,217,728 pixels are read
    """
    if height < 1 or width < 1:
        raise ValueError(f"{what} of {width}x{height} pixels is empty")
    if height * width > MAX_PIXELS:
        raise ValueError(f"{what} of {width}x{height} pixels is too large; at most {MAX_PIXELS:,} pixels are read")
