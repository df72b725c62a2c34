"""The plot of a study, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 500, 30, 350
_COLOURS = ("#9ecae1", "#6baed6", "#3182bd", "#08519c", "#08306b")


def study_svg(rows: Sequence[dict[str, Any]]) -> str:
    """J&F from first-frame masks over points a frame, a line for every number of frames."""
    numbers: list[int] = sorted({row["points"] for row in rows})
    values = [float(row["from masks"]["mean"]) for row in rows]
    low = math.floor(min(values) * 20) / 20
    high = max(math.ceil(max(values) * 20) / 20, low + 0.05)
    lines = sorted({row["frames"] for row in rows}, key=lambda n: n or 10**9)

    def x(points: int) -> float:
        return LEFT + (RIGHT - LEFT) * numbers.index(points) / max(1, len(numbers) - 1)

    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)

    parts = [_text((LEFT + RIGHT) / 2, HEIGHT - 12, "verified points per object and frame", "middle")]
    parts += [_text(x(n), BOTTOM + 18, str(n), "middle") for n in numbers]
    for step in range(round((high - low) * 20) + 1):
        value = low + step / 20
        parts.append(f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, y(value) + 4, f"{value:.2f}", "end"))
    for number, frames in enumerate(lines):
        colour = _COLOURS[min(number * len(_COLOURS) // max(1, len(lines)), len(_COLOURS) - 1)]
        own = sorted((row for row in rows if row["frames"] == frames), key=lambda row: row["points"])
        path = " ".join(f"{x(row['points']):.1f},{y(row['from masks']['mean']):.1f}" for row in own)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [_spread(x(row["points"]), row["from masks"], y, colour) for row in own]
        name = "all frames" if not frames else f"{frames} frame" + "s" * (frames > 1)
        parts.append(_text(RIGHT + 12, TOP + 20 * number + 14, name, "start", colour))
    parts.append(_text(LEFT, TOP - 12, "J&amp;F on held-out videos, from first-frame masks", "start"))
    body = "\n".join(parts)
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    return f"<svg {frame}>\n{body}\n</svg>\n"


def _spread(x: float, figures: dict[str, float], y: Any, colour: str) -> str:
    """A dot, and a bar of one deviation either way."""
    mean, deviation = figures["mean"], figures["deviation"]
    top, bottom = y(mean + deviation), y(mean - deviation)
    return (
        f'<circle cx="{x:.1f}" cy="{y(mean):.1f}" r="3" fill="{colour}"/>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{colour}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="13" text-anchor="{anchor}" fill="{colour}">{text}</text>'
