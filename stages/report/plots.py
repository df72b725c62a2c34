"""Quality over time as the geometry of a small SVG plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT = 640, 96
LEFT, RIGHT, TOP, BOTTOM = 30, 8, 8, 18
MOST_POINTS = 300


@dataclass(frozen=True, slots=True)
class QualityPlot:
    """A plot of quality (0..1) over frames.

    Attributes:
        lines: points of unbroken stretches, as SVG writes them; a stretch ends where the object is absent.
        chosen: (x, y, frame index, quality) of the frames that people look at.
        localized: x of the frames that the object was localized on.
        last_frame: index of the video's last frame.
        mean: mean quality.
    """

    lines: tuple[str, ...]
    chosen: tuple[tuple[float, float, int, float], ...]
    localized: tuple[float, ...]
    last_frame: int
    mean: float


def quality_plot(
    qualities: Mapping[int, float], chosen: Iterable[int], localized: Iterable[int], n_frames: int
) -> QualityPlot:
    """The plot of one object.

    Args:
        qualities: frame index → quality, on frames on which the object is visible; at least one.
        chosen: frames that people look at.
        localized: frames that the object was localized on.
        n_frames: frames of the video.
    """
    last = max(n_frames - 1, 1)
    step = -(-len(qualities) // MOST_POINTS)
    frames = sorted(qualities)
    stretches: list[list[int]] = [[frames[0]]]
    for before, after in pairwise(frames):
        if after == before + 1:
            stretches[-1].append(after)
        else:
            stretches.append([after])
    return QualityPlot(
        lines=tuple(_line(stretch, step, qualities, last) for stretch in stretches),
        chosen=tuple((_x(i, last), _y(qualities[i]), i, qualities[i]) for i in sorted(chosen) if i in qualities),
        localized=tuple(_x(idx, last) for idx in localized if idx < n_frames),
        last_frame=n_frames - 1,
        mean=sum(qualities.values()) / len(qualities),
    )


def _line(stretch: list[int], step: int, qualities: Mapping[int, float], last: int) -> str:
    kept = sorted({*stretch[::step], stretch[-1]})
    points = [f"{_x(i, last):.1f},{_y(qualities[i]):.1f}" for i in kept]
    return " ".join(points if len(points) > 1 else points * 2)


def _x(frame_idx: int, last: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * frame_idx / last, 1)


def _y(quality: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - quality), 1)
