"""One click an object, on the first frame that has one: what ClickVOS starts from, as in DAVIS-P and YouTubeVOS-P.

``clicks.json`` holds ``{video: {"frame": 0, "points": [{"object_id", "x", "y", "label": 1, "name"}]}}``, and a list of
such entries where the objects of a video appear on several frames. ``frame`` is an index, or the file name in a folder
of frames; so the file is one of clicks that annotate reads.

Source: Guo et al., "ClickVOS: Click Video Object Segmentation"
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.natural_order import natural_order
from schemas.ranges import VideoTables
from schemas.splits import SPLITS
from schemas.whole_files import whole_file
from stages.export.point_folder import ExportedPoints
from stages.export.target import ExportTarget

FILE = "clicks.json"
_PARTS = ".parts"


@dataclass(frozen=True, slots=True)
class Click:
    """A click on an object: pixel indices, x right, y down."""

    object_id: str
    frame_idx: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class FirstClicks:
    """The folder of one export.

    Attributes:
        target: of the export.
        has_unconfirmed: objects without a point that people confirmed get a click in the middle of their first mask.
    """

    target: ExportTarget
    has_unconfirmed: bool = False

    def write(self, number: int, videos: Iterable[VideoTables]) -> ExportedPoints:
        """Write the clicks of a range of videos."""
        n_videos, n_clicks = (Counter(dict.fromkeys(SPLITS, 0)) for _ in range(2))
        entries: dict[str, Any] = {}
        n_left_out = 0
        for found in videos:
            clicks = first_clicks(found, self.has_unconfirmed)
            n_left_out += len({candidate.object_id for candidate in found.candidates} - {c.object_id for c in clicks})
            if clicks:
                split = found.split
                entries[found.video.video_id] = _entry(found, clicks)
                n_videos[split] += 1
                n_clicks[split] += len(clicks)
        self.target.write(f"{_PARTS}/{number:06d}.json", json.dumps(entries, indent=1).encode("ascii"))
        names = {video_id: video_id for video_id in entries}
        problems = dict.fromkeys(SPLITS, ())
        return ExportedPoints(number, names, dict(n_videos), dict(n_clicks), dict(n_clicks), problems, n_left_out)

    def join(self, found: Sequence[ExportedPoints]) -> None:
        """Make one file of those of all ranges."""
        parts = self.target.path / _PARTS
        with whole_file(self.target.path / FILE, is_synced=False) as file:
            file.writelines(_joined((parts / f"{number:06d}.json").read_bytes() for number in range(len(found))))
        self.target.remove(_PARTS)


def first_clicks(found: VideoTables, has_unconfirmed: bool = False) -> list[Click]:
    """The clicks of one video, by object.

    Of the points that people confirmed to be on an object, those on its earliest frame are looked at, and the one
    deepest in the mask is the click.
    """
    depth = {candidate.candidate_id: candidate.mask_distance_px for candidate in found.candidates}
    clicks: dict[str, Click] = {}
    confirmed = [point for point in found.points if point.label == 1]
    for p in sorted(confirmed, key=lambda p: (p.frame_idx, -depth.get(p.candidate_id, 0.0), p.y, p.x)):
        clicks.setdefault(p.object_id, Click(p.object_id, p.frame_idx, p.x, p.y))
    if has_unconfirmed:
        for mask in sorted(found.masks, key=lambda m: (m.frame_idx, -m.round)):
            if mask.object_id not in clicks:
                clicks[mask.object_id] = Click(mask.object_id, mask.frame_idx, *middle(mask.decode()))
    return [clicks[object_id] for object_id in sorted(clicks, key=natural_order)]


def middle(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """(x, y) of the pixel that is farthest from the edge of a (H, W) mask; the frame's border is an edge too."""
    padded = np.pad(mask.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(int(distance.argmax()), distance.shape)
    return int(x), int(y)


def _entry(found: VideoTables, clicks: Sequence[Click]) -> Any:
    by_frame: dict[int, list[dict[str, object]]] = defaultdict(list)
    names = {point.object_id: point.object_name for point in found.points} | dict(found.names)
    for click in clicks:
        point = {"object_id": click.object_id, "x": click.x, "y": click.y, "label": 1}
        if name := names.get(click.object_id):
            point["name"] = name
        by_frame[click.frame_idx].append(point)
    entries = [{"frame": _frame(found, idx), "points": own} for idx, own in sorted(by_frame.items())]
    return entries[0] if len(entries) == 1 else entries


def _frame(found: VideoTables, idx: int) -> int | str:
    """A frame's file name in a folder of frames, else its index."""
    return found.frame_names[idx].rsplit("/", 1)[-1] if idx < len(found.frame_names) else idx


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """One JSON object from several, each indented by one."""
    before = b"{\n"
    for content in parts:
        if content != b"{}":
            yield before + content[2:-2]
            before = b",\n"
    yield b"{}" if before == b"{\n" else b"\n}"
