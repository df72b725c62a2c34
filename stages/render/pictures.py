"""One picture of an overlay video: the sides beside each other, the strip below them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.coords import scale_points
from stages.overlay import Layer, overlay, rgb
from stages.render.overlay_plan import OverlayPlan, ShownClick, ShownPoint, Side
from stages.render.strip import Strip
from stages.render.text_drawing import write

Image = NDArray[np.uint8]
STATUS_COLOURS = {"ACCEPTED": "#2f9bff", "REJECTED": "#ff9f1a", "AMBIGUOUS": "#d78bff", "": "#f4f4f4"}
"""As on the page of the report."""
_WRONG, _DARK, _WHITE = (255, 59, 92), (10, 10, 10), (255, 255, 255)
_ON, _OFF = (31, 207, 128), (230, 60, 60)
_SHIFT = 4  # OpenCV's sub-pixel drawing: coordinates in 1/16 pixel
_LOST = (58, 60, 64)


def overlay_frame(plan: OverlayPlan, strip: Strip, frame_idx: int, image: Image | None) -> Image:
    """One frame of the overlay video.

    Args:
        plan: what the overlay video shows.
        strip: of the same overlay video.
        frame_idx: 0-based decode index.
        image: (H, W, 3) uint8 RGB of the video's size; None where the frame could not be decoded.

    Returns:
        (h, w, 3) uint8 RGB with even sides.
    """
    note = " · could not be decoded" if image is None else ""
    height, width = plan.side_size
    sides = [
        np.full((height, width, 3), _LOST, dtype=np.uint8) if image is None else _side(plan, side, frame_idx, image)
        for side in plan.sides
    ]
    gap = np.full((height, _gap_px(plan), 3), _DARK, dtype=np.uint8)
    row = [part for side in sides for part in (side, gap)][:-1]
    return np.concatenate([np.concatenate(row, axis=1), strip.at(frame_idx, note)])


def overlay_width(plan: OverlayPlan) -> int:
    """In pixels, even."""
    return plan.side_size[1] * len(plan.sides) + _gap_px(plan) * (len(plan.sides) - 1)


def _gap_px(plan: OverlayPlan) -> int:
    return 4 if len(plan.sides) > 1 else 0


def _side(plan: OverlayPlan, side: Side, frame_idx: int, image: Image) -> Image:
    height, width = plan.side_size
    scale = width / image.shape[1]
    here = side.masks.get(frame_idx, {})
    layers = [Layer(here[t.object_id].decode(), t.colour) for t in plan.tracks if t.object_id in here]
    picture = overlay(image, layers, (height, width))
    for click in plan.clicks.get(frame_idx, ()):
        _draw_click(picture, click, scale)
    for point in plan.points.get(frame_idx, ()):
        _draw_point(picture, point, scale)
    if side.title:
        for offset in ((11, 9), (9, 11), (9, 9), (11, 11)):
            write(picture, side.title, offset, 16, _DARK)
        write(picture, side.title, (10, 10), 16, _WHITE)
    return picture


def _draw_point(picture: Image, point: ShownPoint, scale: float) -> None:
    """A ring where the mask called it foreground, a square where it did not; crossed out where people disagree."""
    radius = picture.shape[1] / 110.0
    x, y = _centre(point.x, point.y, scale)
    thick = max(1, round(radius / 3.2))
    for colour, thickness in ((_DARK, thick + 2), (rgb(STATUS_COLOURS[point.status]), thick)):
        if point.is_fg_candidate:
            cv2.circle(picture, (_fixed(x), _fixed(y)), _fixed(radius), colour, thickness, cv2.LINE_AA, _SHIFT)
        else:
            corners = [(_fixed(x + side * radius), _fixed(y + side * radius)) for side in (-1, 1)]
            cv2.rectangle(picture, corners[0], corners[1], colour, thickness, cv2.LINE_AA, _SHIFT)
    if point.contradicts:
        for side in (-1, 1):
            ends = [(_fixed(x - r), _fixed(y - side * r)) for r in (radius, -radius)]
            cv2.line(picture, ends[0], ends[1], _WRONG, thick, cv2.LINE_AA, _SHIFT)


def _draw_click(picture: Image, click: ShownClick, scale: float) -> None:
    """A disc with a plus on the object, with a minus off it."""
    radius = picture.shape[1] / 90.0
    x, y = _centre(click.x, click.y, scale)
    at, arm = (_fixed(x), _fixed(y)), _fixed(radius * 0.6)
    cv2.circle(picture, at, _fixed(radius + 1), _WHITE, -1, cv2.LINE_AA, _SHIFT)
    cv2.circle(picture, at, _fixed(radius), _ON if click.label else _OFF, -1, cv2.LINE_AA, _SHIFT)
    thick = max(1, round(radius / 4))
    cv2.line(picture, (at[0] - arm, at[1]), (at[0] + arm, at[1]), _WHITE, thick, cv2.LINE_AA, _SHIFT)
    if click.label:
        cv2.line(picture, (at[0], at[1] - arm), (at[0], at[1] + arm), _WHITE, thick, cv2.LINE_AA, _SHIFT)


def _centre(x: float, y: float, scale: float) -> tuple[float, float]:
    """Where the middle of a pixel lies in a picture that is ``scale`` times as large."""
    placed: tuple[float, float] = tuple(scale_points(np.array([x, y], dtype=np.float64), scale).tolist())
    return placed


def _fixed(value: float) -> int:
    return round(value * (1 << _SHIFT))
