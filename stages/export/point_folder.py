"""What all formats of points are to the graph that writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.ranges import VideoTables


@dataclass(frozen=True, slots=True)
class ExportedPoints:
    """What was written of one range of videos.

    Attributes:
        number: of the range.
        videos: name in the export → video id.
        n_videos: by split.
        n_objects: by split.
        n_points: by split.
        problems: by split, a sentence for every demand of the format that what was written breaks.
        n_left_out: points that the format has no place for.
        n_unanswered: candidates that nobody answered.
    """

    number: int
    videos: Mapping[str, str]
    n_videos: Mapping[str, int]
    n_objects: Mapping[str, int]
    n_points: Mapping[str, int]
    problems: Mapping[str, tuple[str, ...]]
    n_left_out: int = 0
    n_unanswered: int = 0


class PointFolder(Protocol):
    """The folder of one export. What is written of a range depends on that range alone."""

    def write(self, number: int, videos: Iterable[VideoTables]) -> ExportedPoints:
        """Write the points of a range of videos."""
        ...

    def join(self, found: Sequence[ExportedPoints]) -> None:
        """Make the files about all videos, from what was written of all ranges, in their order."""
        ...
