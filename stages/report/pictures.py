"""Small pictures of the page, as JPEG."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

JPEG_QUALITY = 72


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A (H, W, 3) uint8 RGB picture as JPEG."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    encoded: bytes = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1])[
        1
    ].tobytes()
    return encoded


def data_uri(picture: bytes) -> str:
    """A JPEG as a data URI."""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode("ascii")
