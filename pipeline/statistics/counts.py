"""What a run holds, counted video by video: points, frames, areas, qualities and where the points lie."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pycocotools import mask as coco

from pipeline.runs.folder import RunFolder
from pipeline.runs.statuses import StatusesOf
from pipeline.runs.units import unit_rows, videos_of
from pipeline.statistics.distribution import Distribution
from schemas import tables
from schemas.points import STATUSES
from schemas.videos import Video
from stages.consensus.mask_errors import SIZES, size_name

ROWS, COLUMNS = 18, 32
"""Cells of the map of positions: square ones in a frame of 16:9."""
_COLUMNS = ("object_id", "frame_idx", "x", "y", "status", "is_fg_candidate")
UNANSWERED = "unanswered"


@dataclass(slots=True)
class RunCounts:
    """Counts of a run; an object is counted when it has masks, candidates or points.

    Attributes:
        videos: annotated ones.
        frames: of these videos.
        objects: of these videos.
        masks: of all objects.
        mask_sources: who drew the masks.
        qualities: masks by tenth of quality, 0 to 9.
        sizes: masks by their share of the frame.
        candidates: by status, ``unanswered`` among them.
        points: by split and status: what ``merge`` wrote, or what answers come to as long as it has not run.
        is_merged: ``merge`` has run.
        annotated_frames: frames of videos with a point.
        foreground: what the mask said and the status → points: how often people confirm it.
        points_an_object: answered ones.
        frames_an_object: that have an answered point.
        accepted_frames_an_object: that have an accepted point.
        status_an_object: status → its points by object.
        positions: (ROWS, COLUMNS) int64, answered points by their place in the frame, row 0 at the top.
        positions_accepted: the same of accepted ones.
    """

    videos: int = 0
    frames: int = 0
    objects: int = 0
    masks: int = 0
    mask_sources: Counter[str] = field(default_factory=Counter)
    qualities: Counter[int] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    candidates: Counter[str] = field(default_factory=Counter)
    points: Counter[tuple[str, str]] = field(default_factory=Counter)
    is_merged: bool = False
    annotated_frames: int = 0
    foreground: Counter[tuple[bool, str]] = field(default_factory=Counter)
    points_an_object: Distribution = field(default_factory=Distribution)
    frames_an_object: Distribution = field(default_factory=Distribution)
    accepted_frames_an_object: Distribution = field(default_factory=Distribution)
    status_an_object: dict[str, Distribution] = field(
        default_factory=lambda: {status: Distribution() for status in STATUSES}
    )
    positions: NDArray[np.int64] = field(default_factory=lambda: np.zeros((ROWS, COLUMNS), dtype=np.int64))
    positions_accepted: NDArray[np.int64] = field(default_factory=lambda: np.zeros((ROWS, COLUMNS), dtype=np.int64))

    @classmethod
    def of(cls, run: RunFolder, statuses_of: StatusesOf) -> RunCounts:
        """Count a run, one video in memory at a time.

        Args:
            run: the run.
            statuses_of: gives what the verdicts on a video's candidates come to.
        """
        counts = cls(is_merged=bool(tables.POINTS.stems(run.path)))
        for video in videos_of(run):
            counts.add(run, video, statuses_of(video.video_id))
        return counts

    def add(self, run: RunFolder, video: Video, statuses: Mapping[str, str]) -> None:
        """Count one video; ``statuses`` are what the verdicts on its candidates come to, by candidate id."""
        self.videos += 1
        self.frames += video.n_frames
        masked = self._add_masks(unit_rows(run, tables.MASKS, video, ["object_id", "rle", "source", "quality"]), video)
        asked = unit_rows(run, tables.CANDIDATES, video, ["candidate_id", *(c for c in _COLUMNS if c != "status")])
        found = [statuses.get(one, UNANSWERED) for one in asked["candidate_id"].to_pylist()]
        self.candidates.update(found)
        points = asked.append_column("status", pa.array(found, pa.string()))
        points = points.append_column("split", pa.array(["not merged"] * len(found), pa.string()))
        if self.is_merged:
            points = unit_rows(run, tables.POINTS, video, [*_COLUMNS, "split"])
        objects = masked | set(asked["object_id"].to_pylist()) | set(points["object_id"].to_pylist())
        self.objects += len(objects)
        self._add_points(points.to_pydict(), video, objects)

    def _add_masks(self, rows: pa.Table, video: Video) -> set[str]:
        self.masks += rows.num_rows
        self.mask_sources.update(rows["source"].to_pylist())
        quality = rows["quality"].to_numpy()
        self.qualities.update(np.minimum((quality * 10).astype(np.int64), 9).tolist())
        size = [video.height, video.width]
        coded = [{"size": size, "counts": rle.encode("ascii")} for rle in rows["rle"].to_pylist()]
        areas = coco.area(coded) if coded else []
        self.sizes.update(size_name(int(area) / (video.height * video.width)) for area in areas)
        return set(rows["object_id"].to_pylist())

    def _add_points(self, points: Mapping[str, list[Any]], video: Video, objects: set[str]) -> None:
        per_object: dict[str, Counter[str]] = defaultdict(Counter)
        frames: dict[str, set[int]] = defaultdict(set)
        accepted_frames: dict[str, set[int]] = defaultdict(set)
        for object_id, idx, x, y, status, is_fg, split in zip(*(points[c] for c in (*_COLUMNS, "split")), strict=True):
            if status == UNANSWERED:
                continue
            self.points[split, status] += 1
            self.foreground[is_fg, status] += 1
            per_object[object_id][status] += 1
            frames[object_id].add(idx)
            cell = min(y * ROWS // video.height, ROWS - 1), min(x * COLUMNS // video.width, COLUMNS - 1)
            self.positions[cell] += 1
            if status == "ACCEPTED":
                accepted_frames[object_id].add(idx)
                self.positions_accepted[cell] += 1
        self.annotated_frames += len(set().union(*frames.values()))
        for object_id in objects:
            self.points_an_object.add(per_object[object_id].total())
            self.frames_an_object.add(len(frames[object_id]))
            self.accepted_frames_an_object.add(len(accepted_frames[object_id]))
            for status, spread in self.status_an_object.items():
                spread.add(per_object[object_id][status])

    def by_status(self) -> dict[str, int]:
        """Points of all splits by status."""
        return {status: sum(n for (_, s), n in self.points.items() if s == status) for status in STATUSES}

    def by_size(self) -> dict[str, int]:
        """Masks by their share of the frame, the smallest first."""
        return {name: self.sizes[name] for _, name in SIZES}

    def to_json(self) -> dict[str, Any]:
        """Plain values; docs/statistics.md explains them."""
        splits = sorted({split for split, _ in self.points})
        return {
            "videos": self.videos, "frames": self.frames, "objects": self.objects, "masks": self.masks,
            "mask_sources": dict(sorted(self.mask_sources.items())),
            "mask_quality": {f"{tenth / 10:.1f}-{(tenth + 1) / 10:.1f}": self.qualities[tenth] for tenth in range(10)},
            "mask_size": self.by_size(),
            "candidates": {s: self.candidates[s] for s in (*STATUSES, UNANSWERED)},
            "is_merged": self.is_merged,
            "points": self.by_status(),
            "points_by_split": {split: {s: self.points[split, s] for s in STATUSES} for split in splits},
            "mask_said": {
                name: {s: self.foreground[is_fg, s] for s in STATUSES}
                for is_fg, name in ((True, "foreground"), (False, "background"))
            },
            "annotated_frames": self.annotated_frames,
            "points_an_object": {**self.points_an_object.summary(), "objects": self.points_an_object.bins(10)},
            "frames_an_object": {**self.frames_an_object.summary(), "objects": self.frames_an_object.bins(1, 11)},
            "accepted_frames_an_object": {
                **self.accepted_frames_an_object.summary(), "objects": self.accepted_frames_an_object.bins(1, 11),
            },
            "status_an_object": {
                status: {**spread.summary(), "objects": spread.bins(10)}
                for status, spread in self.status_an_object.items()
            },
            "positions": self.positions.tolist(),
            "positions_accepted": self.positions_accepted.tolist(),
        }  # fmt: skip
