"""A plot shows each line in its colour, with round numbers beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pipeline.terminal.plot import Axes, draw_lines, ticks


def test_every_line_is_drawn_in_a_colour_of_its_own(tmp_path: Path) -> None:
    lines = {"one": [(0.0, 0.5), (60.0, 0.9)], "other": [(0.0, 0.9), (60.0, 0.5)]}
    draw_lines(tmp_path / "plot.png", lines, Axes("title", "x", "y", 30.0))
    with Image.open(tmp_path / "plot.png") as image:
        colours = {colour: count for count, colour in image.convert("RGB").getcolors(1 << 24)}
    assert {(0, 114, 178), (213, 94, 0)} <= colours.keys()
    assert colours[(119, 119, 119)] > 500


def test_nothing_cannot_be_plotted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to plot"):
        draw_lines(tmp_path / "plot.png", {}, Axes("", "", ""))


def test_ticks_hold_all_values_even_when_there_is_one() -> None:
    assert ticks([0.815, 0.861]) == [0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87]
    assert ticks([3.0])[0] <= 3.0 <= ticks([3.0])[-1]
