"""How large a picture may be: asked of its header, before anything is decoded."""

from __future__ import annotations

MOST_PIXELS = 1 << 26
"""Of a frame, a mask or a true mask: 8192 x 8192, twice the area of 8K video. Decoded it takes 200 MB."""


def require_decodable(width: int, height: int, name: str) -> None:
    """Refuse a picture that is too large to be decoded.

    Args:
        width: in pixels, as the header says.
        height: in pixels.
        name: what the picture is, for the message.

    Raises:
        ValueError: it has more than ``MOST_PIXELS`` pixels.

    >>> require_decodable(65500, 65500, "'bomb.jpg'")
    Traceback (most recent call last):
        ...
    ValueError: 'bomb.jpg' has 65500x65500 pixels; the limit is 67,108,864 (8192x8192): scale it down
    """
    if width * height > MOST_PIXELS:
        side = round(MOST_PIXELS**0.5)
        raise ValueError(
            f"{name} has {width}x{height} pixels; the limit is {MOST_PIXELS:,} ({side}x{side}): scale it down"
        )
