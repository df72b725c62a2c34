"""PNG files of mode P, whose pixel values are indices, with the colours of DAVIS."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def index_png(labels: NDArray[np.uint8]) -> bytes:
    """A (H, W) uint8 index map as PNG of mode P."""
    image = Image.fromarray(labels)
    image.putpalette(palette())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@cache
def palette() -> bytes:
    """768 bytes, red green blue by index: the bits of the index, spread over the channels from the top bit down.

    Source: the colour map of PASCAL VOC, which DAVIS uses.

    >>> list(palette()[:9])
    [0, 0, 0, 128, 0, 0, 0, 128, 0]
    """
    return bytes(_channel(index, shift) for index in range(256) for shift in range(3))


def _channel(index: int, shift: int) -> int:
    return sum((index >> (3 * bit + shift) & 1) << (7 - bit) for bit in range(3))
