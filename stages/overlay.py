"""Masks drawn into frames, in the colours that the report and the rendered videos share; shared ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.resize import resize

Image = NDArray[np.uint8]

TINT = 0.38

COLOURS = ("#56b4e9", "#e69f00", "#2fbf8f", "#cc79a7", "#f0e442", "#8c6bff", "#ff7f5c", "#7fd1c7")
"""Colours of objects: told apart with any colour vision, beside each other and on photographs."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A mask to be drawn: (H, W) bool and ``#rrggbb``; a faint one is outlined only."""

    mask: NDArray[np.bool_]
    colour: str
    faint: bool = False


def colour_of(place: int) -> str:
    """The colour of the object in the given place of its video."""
    return COLOURS[place % len(COLOURS)]


def shown_size(height: int, width: int, widths_px: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a picture whose width is brought into a range: what is tiny is enlarged.

    >>> shown_size(1080, 1920, (400, 640)), shown_size(60, 80, (400, 640)), shown_size(480, 600, (400, 640))
    ((360, 640), (300, 400), (480, 600))
    """
    scale = min(max(width, widths_px[0]), widths_px[1]) / width
    return max(round(height * scale), 1), max(round(width * scale), 1)


def overlay(image: Image, layers: Sequence[Layer], size: tuple[int, int]) -> Image:
    """Draw masks on a frame.

    Args:
        image: (H, W, 3) uint8 RGB.
        layers: masks of the frame's size, bottom first.
        size: (height, width) of the picture.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    shrinks = size[0] < image.shape[0]
    picture = resize(image, size, cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    for layer in layers:
        covered = resize(layer.mask.astype(np.float32), size) >= 0.5
        colour = rgb(layer.colour)
        if not layer.faint:
            picture[covered] = (picture[covered] * (1 - TINT) + np.array(colour) * TINT).astype(np.uint8)
        outlines, _ = cv2.findContours(covered.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        if not layer.faint:
            cv2.drawContours(picture, outlines, -1, (10, 10, 10), 3, cv2.LINE_AA)
        cv2.drawContours(picture, outlines, -1, colour, 1, cv2.LINE_AA)
    return picture


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``.

    >>> rgb("#56b4e9")
    (86, 180, 233)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
