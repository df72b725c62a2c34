"""What is drawn on the pictures that people look at. Images are (H, W, 3) uint8 BGR, as OpenCV reads them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from verification_ui.media.labels import place_labels

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

ON_COLOUR: Colour = (128, 207, 31)
OFF_COLOUR: Colour = (255, 190, 120)
NEUTRAL_COLOUR: Colour = (255, 255, 255)
_REFERENCE_COLOUR: Colour = (60, 235, 255)
_DARK: Colour = (16, 16, 16)
_PADDING: Colour = (38, 34, 32)
_SHIFT = 4  # OpenCV's sub-pixel drawing: coordinates in 1/16 pixel
_TILE_PX = 192.0  # the tile that the crosshair's measures are given for
_BRIGHT, _MOST_GAIN = 170.0, 2.2


def crop_side_px(mask_area_px: int, height: int, width: int) -> int:
    """Side of the square that a magnified crop shows, odd, so that the asked pixel is its very middle.

    0.6 times the object's mean extent, between 96 and 160 px at 480p and in proportion to the frame elsewhere: small
    objects are magnified about twice, and large ones still show enough around the pixel to know the place.
    """
    scale = max(0.25, min(height, width) / 480.0)
    side = np.clip(0.6 * np.sqrt(mask_area_px), 96.0 * scale, 160.0 * scale)
    return int(side) | 1


def crop(image: Image, x: int, y: int, side: int, tile_px: int) -> Image:
    """(tile_px, tile_px, 3): the square of ``side`` px whose middle is pixel (x, y), ringed.

    Dark outside the frame; a dark place is brightened, so that black on black can be told apart.
    """
    half = side // 2
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(0, x - half), max(0, y - half), min(width, x + half + 1), min(height, y + half + 1)
    window: Image = np.full((side, side, 3), _PADDING, dtype=np.uint8)
    window[y0 - y + half : y1 - y + half, x0 - x + half : x1 - x + half] = _lit(image[y0:y1, x0:x1])
    return _crosshair(resized(window, tile_px, tile_px))


def _lit(image: Image) -> Image:
    """``image`` brightened until its bright parts are bright, by a factor of at most ``_MOST_GAIN``."""
    gain = float(np.clip(_BRIGHT / max(float(np.percentile(image, 95)), 1.0), 1.0, _MOST_GAIN))
    return np.asarray(cv2.convertScaleAbs(image, alpha=gain), dtype=np.uint8)


def _crosshair(tile: Image) -> Image:
    """A ring with four ticks around the middle; the middle itself stays free, it is what people must see."""
    middle, unit = (len(tile) - 1) / 2.0, len(tile) / _TILE_PX
    for colour, thickness in ((_DARK, 4), (NEUTRAL_COLOUR, 2)):
        ring(tile, middle, middle, 12.0 * unit, colour, round(thickness * unit**0.5))
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            ends = [(_fixed(middle + dx * r * unit), _fixed(middle + dy * r * unit)) for r in (14.0, 21.0)]
            cv2.line(tile, ends[0], ends[1], colour, round(thickness * unit**0.5), cv2.LINE_AA, _SHIFT)
    return tile


def ring(image: Image, x: float, y: float, radius_px: float, colour: Colour, thickness: int) -> None:
    """Draw a circle around the sub-pixel position (x, y) into ``image``."""
    cv2.circle(image, (_fixed(x), _fixed(y)), _fixed(radius_px), colour, thickness, cv2.LINE_AA, _SHIFT)


def neutral_ring(image: Image, x: float, y: float) -> None:
    """Draw a ring that says nothing but where."""
    unit = _unit(image)
    for colour, thickness in ((_DARK, 4.5), (NEUTRAL_COLOUR, 2.2)):
        ring(image, x, y, 11.0 * unit, colour, round(thickness * unit))


def keyed_rings(image: Image, xy_px: NDArray[np.float64], keys: str, colours: list[Colour]) -> None:
    """Draw a ring around each point and its key near by, where it covers no other; ``xy_px`` is (N, 2), x first."""
    unit = _unit(image)
    places = place_labels(xy_px, 9.0 * unit, (image.shape[0], image.shape[1]))
    for (x, y), (to_x, to_y), colour in zip(xy_px.tolist(), places.tolist(), colours, strict=True):
        ends = ((_fixed(x), _fixed(y)), (_fixed(to_x), _fixed(to_y)))
        cv2.line(image, *ends, colour, max(1, round(unit)), cv2.LINE_AA, _SHIFT)
    for (x, y), colour in zip(xy_px.tolist(), colours, strict=True):
        ring(image, x, y, 5.0 * unit, _DARK, round(4.0 * unit))
        ring(image, x, y, 5.0 * unit, colour, round(2.0 * unit))
    for key, (x, y), colour in zip(keys, places.tolist(), colours, strict=True):
        ring(image, x, y, 9.0 * unit, _DARK, -1)
        ring(image, x, y, 9.0 * unit, colour, max(1, round(unit)))
        _letter(image, key.upper(), x, y, 0.46 * unit, colour)


def _letter(image: Image, text: str, x: float, y: float, scale: float, colour: Colour) -> None:
    thickness = max(1, round(3.2 * scale))
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    at = (round(x - width / 2), round(y + height / 2))
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)


def outlined(image: Image, mask: NDArray[np.bool_]) -> Image:
    """``image`` with the outline of ``mask`` drawn, and everything outside it dimmed."""
    dimmed = (image * np.float32(0.45)).astype(np.uint8)
    shown: Image = np.where(mask[..., None], image, dimmed).astype(np.uint8)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for colour, thickness in ((_DARK, 5.0), (_REFERENCE_COLOUR, 2.5)):
        cv2.drawContours(shown, contours, -1, colour, max(1, round(thickness * _unit(image))), cv2.LINE_AA)
    return shown


def cornered(image: Image, mask: NDArray[np.bool_]) -> Image:
    """``image`` with the corners of a loose box around ``mask``: which object it is, and nothing of its outline."""
    shown = image.copy()
    ys, xs = np.nonzero(mask)
    if not len(xs):
        return shown
    margin = 6.0 * _unit(image) + 0.06 * float(max(np.ptp(xs), np.ptp(ys)))
    height, width = image.shape[:2]
    x0, x1 = max(2.0, xs.min() - margin), min(width - 3.0, xs.max() + margin)
    y0, y1 = max(2.0, ys.min() - margin), min(height - 3.0, ys.max() + margin)
    arm = 0.22 * min(x1 - x0, y1 - y0)
    for colour, thickness in ((_DARK, 5.0), (_REFERENCE_COLOUR, 2.5)):
        for x, y, dx, dy in ((x0, y0, arm, arm), (x1, y0, -arm, arm), (x0, y1, arm, -arm), (x1, y1, -arm, -arm)):
            corner = np.array([[x + dx, y], [x, y], [x, y + dy]]).round().astype(np.int32)
            cv2.polylines(shown, [corner], False, colour, max(1, round(thickness * _unit(image))), cv2.LINE_AA)
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


def _unit(image: Image) -> float:
    """What one pixel of a frame of 854 × 480 measures here."""
    return max(image.shape[:2]) / 854.0


def _fixed(value: float) -> int:
    return round(value * (1 << _SHIFT))
