"""What the benchmarks draw beside their figures: a PNG with the name of the JSON file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.terminal.console import console
from pipeline.terminal.plot import Axes, draw_lines

if TYPE_CHECKING:
    from pipeline.simulation.outcomes import Curve, VideoOutcome

_MOST_LINES = 8
"""More are not told apart."""
Points = list[tuple[float, float]]


def draw_rounds(json_file: Path, curve: Curve, outcomes: Sequence[VideoOutcome], by: str) -> None:
    """J&F after each round against a person's seconds per object: the mean, and each video of a few."""
    lines: dict[str, Points] = {"mean": list(zip(curve.ends_s, curve.scores, strict=True))}
    for one in outcomes if len(outcomes) < _MOST_LINES else ():
        ends = accumulate(found.seconds / one.n_objects for found in one.rounds)
        lines[one.video_id] = [(end, found.j_and_f) for end, found in zip(ends, one.rounds, strict=True)]
    axes = Axes(f"Masks after each round of {by}", "seconds of work per object", "J&F")
    _draw(json_file, lines, axes)


def draw_frames(json_file: Path, j_by_frame: Mapping[str, Mapping[int, float]], clicks: str) -> None:
    """J against the frame index, which shows whether masks heal or decay: a line a set of clicks."""
    lines = {name: sorted(found.items()) for name, found in list(j_by_frame.items())[:_MOST_LINES]}
    axes = Axes(f"Masks from one {clicks} click in the first frame", "frame index", "mean J of the objects")
    _draw(json_file, {name: [(float(idx), j) for idx, j in line] for name, line in lines.items()}, axes)


def draw_objects(json_file: Path, scores: Iterable[tuple[str, float]]) -> None:
    """J&F of the objects in ascending order, a line for all of one name; ``scores`` are (name, J&F) pairs."""
    found: dict[str, list[float]] = {}
    for name, score in scores:
        found.setdefault(name, []).append(score)
    lines = {
        name: [(100.0 * rank / len(own), score) for rank, score in enumerate(sorted(own), 1)]
        for name, own in list(found.items())[:_MOST_LINES]
    }
    _draw(json_file, lines, Axes("Objects of held-out videos", "% of the objects, worst first", "J&F"))


def _draw(json_file: Path, lines: Mapping[str, Points], axes: Axes) -> None:
    plot = json_file.with_suffix(".png")
    draw_lines(plot, lines, axes)
    console.print(f"Figures in {json_file}, drawn in {plot}", markup=False)
