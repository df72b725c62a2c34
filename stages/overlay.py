"""Masks drawn into frames, in the colours that the report and the rendered videos share; shared ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.resize import resize

WIDEST_PX = 640
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


def overlay(image: NDArray[np.uint8], layers: Sequence[Layer], widest_px: int = WIDEST_PX) -> NDArray[np.uint8]:
    """Draw masks on a frame, at most ``widest_px`` wide.

    Args:
        image: (H, W, 3) uint8 RGB.
        layers: masks of the frame's size, bottom first.
        widest_px: the picture is scaled down to it.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    scale = min(1.0, widest_px / image.shape[1])
    height, width = (max(round(side * scale), 1) for side in image.shape[:2])
    picture = resize(image, (height, width), cv2.INTER_AREA)
    for layer in layers:
        covered = resize(layer.mask.astype(np.float32), (height, width), cv2.INTER_AREA) >= 0.5
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
