"""The strip below the pictures: one row an object, its quality over time in colours, and the position in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.masks import Mask
from stages.overlay import rgb
from stages.render.overlay_plan import OverlayPlan, Track
from stages.render.text_drawing import shortened, write

Image = NDArray[np.uint8]
_GROUND, _EMPTY, _INK, _SOFT = (22, 24, 27), (44, 48, 54), (236, 238, 240), (150, 158, 166)
_BAD, _DOUBTFUL, _GOOD = (242, 116, 107), (240, 181, 74), (82, 201, 139)
_ANCHOR, _ASKED, _CUT = (255, 255, 255), (47, 155, 255), (0, 0, 0)
_HEAD_PX, _ROW_PX, _LOW_ROW_PX, _GAP_PX, _EDGE_PX = 24, 14, 4, 3, 8
_MOST_ROWS_PX, _LETTER_PX = 150, 11


def quality_colours(quality: NDArray[np.float64]) -> Image:
    """(N, 3) uint8: red, amber and green for 0, 0.5 and 1, as the studio shows them; grey where it is negative.

    >>> quality_colours(np.array([-1.0, 0.0, 0.5, 1.0])).tolist()
    [[44, 48, 54], [242, 116, 107], [240, 181, 74], [82, 201, 139]]
    """
    bands = [np.interp(quality, [0.0, 0.5, 1.0], band) for band in zip(_BAD, _DOUBTFUL, _GOOD, strict=True)]
    colours = np.where(quality[:, None] < 0, np.array(_EMPTY), np.stack(bands, axis=1))
    return colours.round().astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """The strip of one overlay video; only the cursor and the line of text differ from frame to frame.

    Attributes:
        plan: what the overlay video shows.
        width: of the overlay video, in pixels.
        ground: (h, width, 3) uint8 RGB, all that stays.
        left: where the rows begin, behind the names of the objects.
    """

    plan: OverlayPlan
    width: int
    ground: Image
    left: int

    @classmethod
    def of(cls, plan: OverlayPlan, width: int) -> Strip:
        """Draw all that stays."""
        n_rows = len(plan.tracks)
        row = _row_px(n_rows)
        height = _HEAD_PX + n_rows * (row + _GAP_PX) + _EDGE_PX
        ground: Image = np.full((height + height % 2, width, 3), _GROUND, dtype=np.uint8)
        left = _EDGE_PX + (round(width * 0.14) if row == _ROW_PX else 0)
        strip = cls(plan, width, ground, left)
        for number, track in enumerate(plan.tracks):
            strip._draw_row(track, _HEAD_PX + number * (row + _GAP_PX), row)
        return strip

    def at(self, frame_idx: int, note: str = "") -> Image:
        """(h, width, 3) uint8 RGB: the strip while a frame is shown; a note stands beside the frame's number."""
        shown, video = self.ground.copy(), self.plan.video
        x = self._columns(np.array([frame_idx]))[0]
        shown[_HEAD_PX - 2 : len(shown) - _EDGE_PX + 1, max(0, x - 1) : x + 2] = _INK
        time = f" · {video.time_s(frame_idx):.2f} s" if video.times_s and frame_idx < len(video.times_s) else ""
        text = f"frame {frame_idx} of {video.n_frames}{time}{note}"
        write(shown, text, (_EDGE_PX, 5), 13, _INK)
        write(shown, self._qualities(frame_idx), (self.width - _EDGE_PX, 5), 13, _SOFT, align="right")
        return shown

    def _qualities(self, frame_idx: int) -> str:
        if len(self.plan.tracks) != 1:
            return ""
        mask = self._mask(self.plan.tracks[0], frame_idx)
        return "no mask" if mask is None else f"quality {mask.quality:.2f}"

    def _draw_row(self, track: Track, top: int, height: int) -> None:
        n_frames = self.plan.video.n_frames
        masks = (self._mask(track, idx) for idx in range(n_frames))
        quality = np.array([-1.0 if mask is None else mask.quality for mask in masks])
        place = self.ground[top : top + height, self.left : self.width - _EDGE_PX]
        place[:] = quality_colours(_squeezed(quality, place.shape[1]))
        for idx in self.plan.video.cuts:
            self._tick([idx], top, height, _CUT)
        self._tick(track.asked, top + height - max(2, height // 4), max(2, height // 4), _ASKED)
        self._tick(track.anchors, top, max(2, height // 2), _ANCHOR)
        if height == _ROW_PX:
            self.ground[top : top + height, _EDGE_PX : _EDGE_PX + 5] = rgb(track.colour)
            name = shortened(track.title, _LETTER_PX, self.left - _EDGE_PX - 16)
            write(self.ground, name, (_EDGE_PX + 10, top), _LETTER_PX, _INK)

    def _mask(self, track: Track, frame_idx: int) -> Mask | None:
        return self.plan.sides[-1].masks.get(frame_idx, {}).get(track.object_id)

    def _tick(self, frames: Collection[int], top: int, height: int, colour: tuple[int, int, int]) -> None:
        columns = self._columns(np.array(sorted(frames), dtype=np.int64))
        for x in columns.tolist():
            self.ground[top : top + height, max(self.left, x - 1) : min(x + 1, self.width - _EDGE_PX)] = colour

    def _columns(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """The middle column of each frame."""
        span = self.width - _EDGE_PX - self.left
        return np.asarray(self.left + (frames + 0.5) / self.plan.video.n_frames * span, dtype=np.int64)


def _squeezed(quality: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """(width,) the worst mask of the frames that share a column; -1 where none of them has any."""
    first = np.arange(width) * len(quality) // width
    last = np.maximum(np.arange(1, width + 1) * len(quality) // width, first + 1)
    padded = np.append(np.where(quality < 0, np.inf, quality), np.inf)
    worst = np.minimum.reduceat(padded, np.stack([first, last], axis=1).ravel())[::2]
    return np.where(np.isinf(worst), -1.0, worst)


def _row_px(n_rows: int) -> int:
    """As high as is needed to read a name, while all rows have room; else a thin line."""
    return _ROW_PX if n_rows * (_ROW_PX + _GAP_PX) <= _MOST_ROWS_PX else _LOW_ROW_PX
