"""Text on pictures, drawn by Pillow's own font: it knows Latin letters, and is the same on every machine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]


def write(
    picture: NDArray[np.uint8], text: str, at: tuple[int, int], size_px: int, colour: Colour, align: str = "left"
) -> None:
    """Write a line of text into a picture; what does not fit is cut off.

    Args:
        picture: (H, W, 3) uint8 RGB, changed.
        text: one line.
        at: (x, y) of its upper left corner, of its upper right one with ``align="right"``.
        size_px: of the font.
        colour: red, green, blue.
        align: ``left`` or ``right``.
    """
    letters = _drawn(text, size_px)
    x, y = at
    x -= letters.shape[1] if align == "right" else 0
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + letters.shape[1], width), min(y + letters.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    cover = letters[y0 - y : y1 - y, x0 - x : x1 - x, None]
    place = picture[y0:y1, x0:x1]
    place[:] = (place * (1 - cover) + np.array(colour) * cover).round().astype(np.uint8)


def known(text: str, instead: str) -> str:
    """The text if the font has its letters, else ``instead``.

    >>> known("Träger", "object 1"), known("犬", "object 1")
    ('Träger', 'object 1')
    """
    is_known = bool(text) and text.isprintable() and all(ord(letter) < 0x180 for letter in text)
    return text if is_known else instead


def shortened(text: str, size_px: int, width_px: int) -> str:
    """The text, or as much of its beginning as fits into a width."""
    while len(text) > 1 and _drawn(text, size_px).shape[1] > width_px:
        text = text[:-2].rstrip() + "…" if text.endswith("…") else text[:-1].rstrip() + "…"
    return text


@lru_cache(512)
def _drawn(text: str, size_px: int) -> NDArray[np.float64]:
    """(h, w) float64 in [0, 1], how much each pixel is covered."""
    font = ImageFont.load_default(size_px)
    width = max(1, int(np.ceil(font.getlength(text))))
    image = Image.new("L", (width, round(size_px * 1.3)), 0)
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return np.asarray(image, dtype=np.float64) / 255.0
