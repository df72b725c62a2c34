"""Maps of bytes that are zero outside a box, as few bytes: so they wait on disk."""

from __future__ import annotations

import struct

import cv2
import numpy as np
from numpy.typing import NDArray

_HEAD = struct.Struct("<4I")
_QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def pack_patch(values: NDArray[np.uint8]) -> bytes:
    """Compress a (h, w) uint8 map: size, corner, and the box of what is not zero as PNG; lossless.

    >>> values = np.zeros((480, 864), dtype=np.uint8)
    >>> values[100:103, 7:9] = 200
    >>> len(pack_patch(values)) < 100, bool((unpack_patch(pack_patch(values)) == values).all())
    (True, True)
    """
    left, top, width, height = cv2.boundingRect(values)
    head = _HEAD.pack(*values.shape, top, left)
    if not width:
        return head
    box = np.ascontiguousarray(values[top : top + height, left : left + width])
    return head + cv2.imencode(".png", box, _QUICK)[1].tobytes()


def unpack_patch(code: bytes) -> NDArray[np.uint8]:
    """Inverse of :func:`pack_patch`."""
    height, width, top, left = _HEAD.unpack_from(code)
    values = np.zeros((height, width), dtype=np.uint8)
    if len(code) > _HEAD.size:
        png = np.frombuffer(code, dtype=np.uint8, offset=_HEAD.size)
        box = np.asarray(cv2.imdecode(png, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
        values[top : top + box.shape[0], left : left + box.shape[1]] = box
    return values
