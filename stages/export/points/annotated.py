"""The points of one video by frame and by object, as datasets hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from schemas.natural_order import natural_order
from schemas.points import PointLabel
from schemas.provenance import Provenance
from schemas.ranges import VideoTables
from schemas.videos import Video

ReadFrame = Callable[[str, int], bytes | None]
"""Video id and frame index to the JPEG of the frame; None where the run does not keep it."""
OpenFile = Callable[[str], AbstractContextManager[BinaryIO]]
"""Opens a file below the export's folder for writing; it is there, whole, once it is closed."""


@dataclass(frozen=True, slots=True)
class ObjectOnFrame:
    """The points of one object on one frame, by row and column."""

    object_id: str
    object_name: str
    expression: str
    points: tuple[PointLabel, ...]

    def words(self) -> dict[str, object]:
        """Columns that tell the object."""
        return {"object_id": self.object_id, "object_name": self.object_name, "expression": self.expression}

    def row(self) -> dict[str, object]:
        """Columns of a nested row."""
        return {
            **self.words(),
            "x": [point.x for point in self.points],
            "y": [point.y for point in self.points],
            "label": [point.label for point in self.points],
        }


@dataclass(frozen=True, slots=True)
class AnnotatedVideo:
    """One video with its points.

    Attributes:
        video: the video.
        split: ``train``, ``val`` or ``test``.
        frames: frame index → objects on it, by id.
        n_points: of all frames.
        frame_names: file names of the frames of a folder, in decode order; empty for a video file.
        provenance: where it comes from, as far as somebody stated it.
    """

    video: Video
    split: str
    frames: Mapping[int, Sequence[ObjectOnFrame]]
    n_points: int
    frame_names: Sequence[str] = ()
    provenance: Provenance | None = None

    def frame_name(self, frame_idx: int) -> str:
        """The file name of a frame in its source; empty in a video file."""
        return self.frame_names[frame_idx].rsplit("/", 1)[-1] if frame_idx < len(self.frame_names) else ""

    def origin(self) -> dict[str, object]:
        """Columns that tell where the video comes from and under which terms."""
        stated = self.provenance or Provenance(self.video.video_id)
        return {"source": stated.source, "licence": stated.licence, "url": stated.url}

    @property
    def object_ids(self) -> list[str]:
        """Of the video, in natural order."""
        return sorted({one.object_id for own in self.frames.values() for one in own}, key=natural_order)


def annotated(
    found: VideoTables, keeps_undecided: bool = False, provenance: Provenance | None = None
) -> AnnotatedVideo | None:
    """The points of a video; None when there is none. Of a pixel's several answers the latest counts.

    Args:
        found: the video, its points and the names of its frames.
        keeps_undecided: points without a label are kept; else they are left out.
        provenance: of the video.
    """
    latest: dict[tuple[int, str, int, int], PointLabel] = {}
    for point in sorted(found.points, key=lambda p: p.round):
        latest[point.frame_idx, point.object_id, point.y, point.x] = point
    kept = {place: point for place, point in latest.items() if keeps_undecided or point.label is not None}
    if not kept:
        return None
    by_object: dict[tuple[int, str], list[PointLabel]] = defaultdict(list)
    for (frame_idx, object_id, _, _), point in sorted(kept.items(), key=lambda item: item[0]):
        by_object[frame_idx, object_id].append(point)
    frames: dict[int, list[ObjectOnFrame]] = defaultdict(list)
    for frame_idx, object_id in sorted(by_object, key=lambda key: (key[0], natural_order(key[1]))):
        own = by_object[frame_idx, object_id]
        frames[frame_idx].append(ObjectOnFrame(object_id, own[0].object_name, own[0].expression, tuple(own)))
    split = next(iter(kept.values())).split
    return AnnotatedVideo(found.video, split, dict(frames), len(kept), found.frame_names, provenance)
