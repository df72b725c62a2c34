"""Fewer points on fewer frames of a run, and networks that are trained on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.point_vos.trials import Trial, TrialRunner
from schemas import tables
from schemas.digests import uniform
from schemas.points import PointLabel


@dataclass(frozen=True, slots=True)
class SupervisionLevel:
    """One amount of supervision.

    Attributes:
        points: of an object on a frame, at most, one on it among them.
        frames: of an object, at most; 0 for all.
    """

    points: int
    frames: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.points}-points-{self.frames or 'all'}-frames"

    def thinned(self, points: Sequence[PointLabel]) -> list[PointLabel]:
        """Of decided points, those of the cell: frames spread over the video, on and off the object by turns."""
        objects: dict[tuple[str, str], dict[int, list[PointLabel]]] = defaultdict(lambda: defaultdict(list))
        for point in points:
            if point.label is not None:
                objects[point.video_id, point.object_id][point.frame_idx].append(point)
        return [
            point
            for frames in objects.values()
            for idx in spread(sorted(frames), self.frames or len(frames))
            for point in alternating(frames[idx])[: self.points]
        ]


def spread(frames: Sequence[int], n: int) -> list[int]:
    """``n`` frames spread evenly, the first among them.

    >>> spread([0, 3, 6, 9, 12], 2), spread([0, 3], 5)
    ([0, 6], [0, 3])
    """
    if n >= len(frames):
        return list(frames)
    return [frames[i * len(frames) // n] for i in range(n)]


def alternating(points: Sequence[PointLabel]) -> list[PointLabel]:
    """Points in an order that their ids decide, one on the object and one off it by turns as long as there are both."""
    shuffled = sorted(points, key=lambda point: uniform("study", point.candidate_id))
    sides = [[point for point in shuffled if point.label == label] for label in (1, 0)]
    ranked = [(n, side, point) for side, own in enumerate(sides) for n, point in enumerate(own)]
    return [point for _, _, point in sorted(ranked, key=lambda one: one[:2])]


def run_levels(
    whole: TrialRunner, cells: Sequence[SupervisionLevel], leave_out: int, seeds: int
) -> Iterator[tuple[SupervisionLevel, dict[str, Any], list[Trial]]]:
    """Each cell, what its labels are, and its trials. Features and encodings are shared."""
    points = tables.POINTS.records(tables.POINTS.read(whole.run.path))
    folds = whole.folds(leave_out)
    for cell in cells:
        own = cell.thinned(points)
        folder = whole.out / "cells" / cell.name
        tables.POINTS.write(folder / "points" / "points.parquet", own)
        runner = whole.on(folder / "points", folder)
        trials = [Trial("points", seed, fold) for seed in range(seeds) for fold in folds]
        yield cell, facts_of(cell, own), [runner.run_trial(trial) for trial in trials]


def facts_of(cell: SupervisionLevel, points: Sequence[PointLabel]) -> dict[str, Any]:
    """What the labels of a cell are."""
    object_frames = {(point.video_id, point.object_id, point.frame_idx) for point in points}
    on = sum(point.label == 1 for point in points)
    return {
        "points": cell.points, "frames": cell.frames, "labels": len(points), "object_frames": len(object_frames),
        "share_on": on / max(1, len(points)),
    }  # fmt: skip
