"""One still picture: what its bytes are, whatever its name says, and its pixels as displayed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from schemas.limits import require_size
from stages.video.pictures import Image

Pillow.MAX_IMAGE_PIXELS = None  # the limit is ours, and asked before any pixel is decoded

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
"""As Pillow calls them."""
_BY_OPENCV = ("JPEG", "MPO", "PNG")  # MPO is a JPEG with more pictures behind the first
_ORIENTATION = 0x0112
_BAD = (OSError, ValueError, SyntaxError, EOFError, UnidentifiedImageError, OverflowError, MemoryError)
"""What Pillow raises for damaged files, each format its own."""


@dataclass(frozen=True, slots=True, eq=False)
class StillImage:
    """A decoded picture.

    Attributes:
        image: (H, W, 3) uint8 RGB as displayed.
        is_plain_jpeg: every JPEG reader sees these pixels in the bytes, orientation aside or not.
    """

    image: Image
    is_plain_jpeg: bool


def decode_still(data: bytes, name: str) -> StillImage | None:
    """Decode a picture: gray, palette, CMYK, alpha and 16 bits become 8-bit RGB, its orientation is applied.

    Args:
        data: the file.
        name: of the file, for messages.

    Returns:
        None for what is damaged or no picture.

    Raises:
        ValueError: it has too many pixels.
    """
    try:
        header = Pillow.open(io.BytesIO(data), formats=FORMATS)
    except _BAD:
        return None
    require_size(f"frame {name}", header.height, header.width)
    orientation = _orientation(header)
    image = _by_opencv(data) if header.format in _BY_OPENCV else _by_pillow(header)
    if image is None:
        return None
    return StillImage(_turned(image, orientation), _is_plain_jpeg(header, orientation))


def is_plain_jpeg(data: bytes) -> bool:
    """What :class:`StillImage` says of a picture that can be decoded, from its header alone."""
    try:
        header = Pillow.open(io.BytesIO(data), formats=FORMATS)
    except _BAD:
        return False
    return _is_plain_jpeg(header, _orientation(header))


def _is_plain_jpeg(header: Pillow.Image, orientation: int) -> bool:
    return header.format in ("JPEG", "MPO") and header.mode in ("RGB", "L") and orientation == 1


def _orientation(header: Pillow.Image) -> int:
    """1 to 8 as EXIF tells; 1 without one. Pillow turns TIFF by itself."""
    if header.format == "TIFF" or not header.info.get("exif"):
        return 1
    exif = Pillow.Exif()
    try:
        exif.load(header.info["exif"])
        found = exif.get(_ORIENTATION, 1)
    except _BAD:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _turned(image: Image, orientation: int) -> Image:
    """As displayed (EXIF 2.32, tag 0x0112)."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(image[::rows, ::columns])


def _by_opencv(data: bytes) -> Image | None:
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    return cast(Image | None, cv2.imdecode(np.frombuffer(data, np.uint8), flags))


def _by_pillow(header: Pillow.Image) -> Image | None:
    try:
        if header.mode.startswith("I"):  # 16 bits; of 32 the upper ones are zero
            deep: NDArray[np.int64] = np.asarray(header).astype(np.int64)
            grey = np.clip(deep >> 8, 0, 255).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        return None if header.mode == "F" else np.asarray(header.convert("RGB"))
    except _BAD:
        return None
