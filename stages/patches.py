"""Maps of bytes that are zero outside a box, as few bytes: so they wait on disk."""

from __future__ import annotations

import struct
from typing import cast

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_HEAD = struct.Struct("<6I")
_CODEC = "zstd"
"""A tenth of the time of a PNG, for a sixth more bytes."""


def pack_patch(values: NDArray[np.uint8]) -> bytes:
    """Compress a (h, w) uint8 map: its size, the box of what is not zero, and what is in it; lossless.

    >>> values = np.zeros((480, 864), dtype=np.uint8)
    >>> values[100:103, 7:9] = 200
    >>> len(pack_patch(values)) < 100, bool((unpack_patch(pack_patch(values)) == values).all())
    (True, True)
    """
    left, top, width, height = cv2.boundingRect(values)
    box = values[top : top + height, left : left + width].tobytes()
    return _HEAD.pack(*values.shape, top, left, height, width) + cast(bytes, pa.compress(box, _CODEC, asbytes=True))


def unpack_patch(code: bytes) -> NDArray[np.uint8]:
    """Inverse of :func:`pack_patch`."""
    rows, columns, top, left, height, width = _HEAD.unpack_from(code)
    values = np.zeros((rows, columns), dtype=np.uint8)
    box = pa.decompress(memoryview(code)[_HEAD.size :], height * width, _CODEC, asbytes=True)
    values[top : top + height, left : left + width] = np.frombuffer(box, dtype=np.uint8).reshape(height, width)
    return values
