"""A plot of a few lines as a PNG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from schemas.whole_files import whole_file

Points = Sequence[tuple[float, float]]
_SIZE, _EDGES = (960, 600), (80, 30, 40, 60)
"""Width and height, and margins left, top, right and bottom, in pixels."""
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999", "#7a5195")
"""Told apart by colour-blind eyes too (Okabe and Ito)."""


@dataclass(frozen=True, slots=True)
class Axes:
    """What is drawn around the lines.

    Attributes:
        title: of the plot.
        x: what is to the right.
        y: what is up.
        mark_x: a vertical line, or None.
    """

    title: str
    x: str
    y: str
    mark_x: float | None = None


def draw_lines(path: Path, lines: Mapping[str, Points], axes: Axes) -> None:
    """Write a plot.

    Args:
        path: of the PNG.
        lines: points (x, y) by name, in order.
        axes: what stands around them.

    Raises:
        OSError: it cannot be written.
        ValueError: there are no points.
    """
    every = [point for line in lines.values() for point in line]
    if not every:
        raise ValueError("nothing to plot")
    marks = [] if axes.mark_x is None else [axes.mark_x]
    x_ticks, y_ticks = ticks([*(x for x, _ in every), *marks, 0.0]), ticks([y for _, y in every])
    image = Image.new("RGB", _SIZE, "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    left, top, right, bottom = _EDGES
    low, high = (x_ticks[0], y_ticks[0]), (x_ticks[-1], y_ticks[-1])

    def at(x: float, y: float) -> tuple[float, float]:
        across = left + (_SIZE[0] - left - right) * (x - low[0]) / (high[0] - low[0])
        return across, _SIZE[1] - bottom - (_SIZE[1] - top - bottom) * (y - low[1]) / (high[1] - low[1])

    for tick in x_ticks:
        draw.line([at(tick, low[1]), at(tick, high[1])], fill="#e6e6e6")
        draw.text((at(tick, low[1])[0], _SIZE[1] - bottom + 8), f"{tick:g}", "black", font, anchor="ma")
    for tick in y_ticks:
        draw.line([at(low[0], tick), at(high[0], tick)], fill="#e6e6e6")
        draw.text((left - 8, at(low[0], tick)[1]), f"{tick:g}", "black", font, anchor="rm")
    if axes.mark_x is not None:
        draw.line([at(axes.mark_x, low[1]), at(axes.mark_x, high[1])], fill="#777777", width=2)
    for number, line in enumerate(lines.values()):
        _draw_line(draw, [at(*point) for point in line], _COLOURS[number % len(_COLOURS)])
    _write_legend(draw, font, list(lines))
    _write_names(draw, font, axes)
    with whole_file(path, is_synced=False) as file:
        image.save(file, "PNG")


def _draw_line(draw: ImageDraw.ImageDraw, places: Points, colour: str) -> None:
    draw.line(list(places), fill=colour, width=3)
    for x, y in places:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)


def _write_legend(draw: ImageDraw.ImageDraw, font: Any, names: Sequence[str]) -> None:
    """The names of the lines in their colours at the lower right, on white: a line below them stays out of the text."""
    _, _, right, bottom = _EDGES
    for number, name in enumerate(names):
        place = (_SIZE[0] - right - 8, _SIZE[1] - bottom - 20 * (len(names) - number))
        draw.rectangle(draw.textbbox(place, name, font, "ra"), fill="white")
        draw.text(place, name, _COLOURS[number % len(_COLOURS)], font, "ra")


def _write_names(draw: ImageDraw.ImageDraw, font: Any, axes: Axes) -> None:
    draw.text((_SIZE[0] / 2, 6), axes.title, "black", font, anchor="ma")
    draw.text((_SIZE[0] / 2, _SIZE[1] - 24), axes.x, "black", font, anchor="ma")
    draw.text((8, 8), axes.y, "black", font)


def ticks(values: Sequence[float], about: int = 6) -> list[float]:
    """Round numbers from below the least of the values to above the largest.

    >>> ticks([0.0, 47.0])
    [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    """
    low, high = min(values), max(values)
    rough = (high - low or abs(high) or 1.0) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(round(number * step, 10)) for number in range(first, max(last, first + 1) + 1)]
