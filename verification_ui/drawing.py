"""What is drawn on the pictures that people look at. Images are (H, W, 3) uint8 BGR, as OpenCV reads them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

TILE_PX = 192
ON_COLOUR: Colour = (128, 207, 31)
OFF_COLOUR: Colour = (255, 190, 120)
_OUTLINE: Colour = (60, 235, 255)
_DARK: Colour = (16, 16, 16)
_PADDING: Colour = (38, 34, 32)
_SHIFT = 4  # OpenCV's sub-pixel drawing: coordinates in 1/16 pixel


def crop_side_px(mask_area_px: int, height: int, width: int) -> int:
    """Side of the square that a magnified crop shows, odd, so that the asked pixel is its very middle.

    0.6 times the object's mean extent, between 96 and 160 px at 480p and in proportion to the frame elsewhere: small
    objects are magnified about twice, and large ones still show enough around the pixel to know the place.
    """
    scale = max(0.25, min(height, width) / 480.0)
    side = np.clip(0.6 * np.sqrt(mask_area_px), 96.0 * scale, 160.0 * scale)
    return int(side) | 1


def crop(image: Image, x: int, y: int, side: int) -> Image:
    """(TILE_PX, TILE_PX, 3): the square of ``side`` px whose middle is pixel (x, y), dark outside the frame, ringed."""
    half = side // 2
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(0, x - half), max(0, y - half), min(width, x + half + 1), min(height, y + half + 1)
    window: Image = np.full((side, side, 3), _PADDING, dtype=np.uint8)
    window[y0 - y + half : y1 - y + half, x0 - x + half : x1 - x + half] = image[y0:y1, x0:x1]
    return _crosshair(resized(window, TILE_PX, TILE_PX))


def _crosshair(tile: Image) -> Image:
    """A ring with four ticks around the middle; the middle itself stays free, it is what people must see."""
    middle = (TILE_PX - 1) / 2.0
    for colour, thickness in ((_DARK, 4), ((255, 255, 255), 2)):
        ring(tile, middle, middle, 12.0, colour, thickness)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            ends = [(_fixed(middle + dx * r), _fixed(middle + dy * r)) for r in (14.0, 21.0)]
            cv2.line(tile, ends[0], ends[1], colour, thickness, cv2.LINE_AA, _SHIFT)
    return tile


def ring(image: Image, x: float, y: float, radius_px: float, colour: Colour, thickness: int) -> None:
    """Draw a circle around the sub-pixel position (x, y) into ``image``."""
    cv2.circle(image, (_fixed(x), _fixed(y)), _fixed(radius_px), colour, thickness, cv2.LINE_AA, _SHIFT)


def keyed_ring(image: Image, x: float, y: float, key: str, colour: Colour) -> None:
    """Draw a ring around (x, y) and its key beside it, on the side that lies inside the image."""
    unit = max(image.shape[:2]) / 854.0
    for stroke, grow in ((_DARK, 2.5), (colour, 0.0)):
        ring(image, x, y, 7.0 * unit, stroke, round(2.2 * unit + grow))
    right = x + 30 * unit < image.shape[1]
    at = (round(x + (11 if right else -27) * unit), round(min(max(y + 7 * unit, 17 * unit), image.shape[0] - 3)))
    for stroke, grow in ((_DARK, 4), (colour, 0)):
        thickness = max(1, round(2.0 * unit)) + grow
        cv2.putText(image, key.upper(), at, cv2.FONT_HERSHEY_SIMPLEX, 0.72 * unit, stroke, thickness, cv2.LINE_AA)


def outlined(image: Image, mask: NDArray[np.bool_]) -> Image:
    """``image`` with the outline of ``mask`` drawn, and everything outside it dimmed."""
    dimmed = (image * np.float32(0.45)).astype(np.uint8)
    shown: Image = np.where(mask[..., None], image, dimmed).astype(np.uint8)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    unit = max(image.shape[:2]) / 854.0
    for colour, thickness in ((_DARK, 5.0), (_OUTLINE, 2.5)):
        cv2.drawContours(shown, contours, -1, colour, max(1, round(thickness * unit)), cv2.LINE_AA)
    return shown


def shown_size(height: int, width: int, longest_px: tuple[int, int]) -> tuple[int, int, float]:
    """(height, width, scale) of a frame as it is shown: its longer side is brought into the range ``longest_px``."""
    longest = max(height, width)
    scale = min(max(longest, longest_px[0]), longest_px[1]) / longest
    return max(1, round(height * scale)), max(1, round(width * scale)), scale


def resized(image: Image, height: int, width: int) -> Image:
    """``image`` at another size: by area averaging when it shrinks, cubic when it grows."""
    interpolation = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), dtype=np.uint8)


def _fixed(value: float) -> int:
    return round(value * (1 << _SHIFT))
