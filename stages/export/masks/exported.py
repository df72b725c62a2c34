"""What a format is given of a video, and what it makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from pycocotools import mask as coco

from schemas.masks import Mask
from schemas.natural_order import natural_order
from schemas.videos import Video

UNNAMED = "object"
"""Category of objects without a name."""
IDS_A_VIDEO = 10_000_000
"""Numbers that every video has for its frames and objects, so that videos can be written one by one."""

Json = dict[str, object]
File = tuple[str, bytes]
"""Path below the export's folder, and content."""
Pieces = tuple[str, Iterator[bytes]]
"""Path, and content piece by piece."""
Entries = Callable[[], Iterator[Json]]
"""Goes through all entries from the start; they are not all held in memory."""


@dataclass(frozen=True, slots=True)
class ExportedVideo:
    """One video of an export.

    Attributes:
        video: the video.
        masks: its masks; of several rounds the latest counts.
        number: its place among all videos of the export, from 0.
        names: object id → name; objects without one are left out.
        stems: names of all frames without extension, of a folder of frames; empty for a video file.
        categories: name → number of every category of the export, from 1.
        expressions: object id → the words that refer to it.
        noun_spans: object id → half-open offsets of a noun in the caption of its actor, of objects of narratives.
    """

    video: Video
    masks: Sequence[Mask]
    number: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    stems: Sequence[str] = ()
    categories: Mapping[str, int] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)
    noun_spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The video's id as a relative path.

        Raises:
            ValueError: it would lead out of the export's folder.
        """
        path = PurePosixPath(self.video.video_id)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"video id {self.video.video_id!r} leads out of the export's folder")
        return str(path)

    def stem(self, frame_idx: int) -> str:
        """Name of a frame: its source's, or its index in five digits."""
        return self.stems[frame_idx] if frame_idx < len(self.stems) else f"{frame_idx:05d}"

    def category(self, object_id: str) -> str:
        """Name of an object's category."""
        return self.names.get(object_id) or UNNAMED

    def category_id(self, object_id: str) -> int:
        """Number of an object's category."""
        return self.categories[self.category(object_id)]

    def frames(self) -> list[int]:
        """Indices of all frames that could be decoded."""
        lost = set(self.video.lost)
        return [idx for idx in range(self.video.n_frames) if idx not in lost]

    def by_object(self) -> dict[str, dict[int, Mask]]:
        """Object id → frame index → its mask there, both ascending."""
        found: dict[str, dict[int, Mask]] = defaultdict(dict)
        for mask in sorted(self.masks, key=lambda m: (m.frame_idx, m.round)):
            found[mask.object_id][mask.frame_idx] = mask
        return {object_id: found[object_id] for object_id in sorted(found, key=natural_order)}


class MaskFormat(Protocol):
    """A format of masks. What it writes of a video depends on that video alone."""

    def files(self, found: ExportedVideo) -> Iterator[File]:
        """The files that are about one video."""
        ...

    def entry(self, found: ExportedVideo) -> Json:
        """What the file about all videos says of one."""
        ...

    def join(self, entries: Entries, categories: Mapping[str, int]) -> Iterator[Pieces]:
        """The files about all videos, as pieces, from the entries in the order of their numbers."""
        ...


def compressed(mask: Mask) -> Json:
    """COCO's compressed run lengths."""
    return {"size": [mask.height, mask.width], "counts": mask.rle}


def box_of(mask: Mask) -> tuple[float, float, float, float]:
    """x, y, width, height in pixels, of the pixels of a mask."""
    x, y, width, height = coco.toBbox({"size": [mask.height, mask.width], "counts": mask.rle.encode("ascii")}).tolist()
    return x, y, width, height


def number_of(found: ExportedVideo, place: int) -> int:
    """A number that no other video gives; ``place`` counts from 0 within the video."""
    return found.number * IDS_A_VIDEO + place + 1
