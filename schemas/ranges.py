"""What travels in the graphs over a run's tables: videos by name, ranges of them, and the rows of one video."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.checks import require_below
from schemas.masks import Mask
from schemas.points import PointCandidate, PointLabel
from schemas.videos import Video


@dataclass(frozen=True, slots=True)
class VideoKey:
    """An annotated video, and the unit that its rows are filed under."""

    video_id: str
    unit: str

    def __post_init__(self) -> None:
        require_below("video_id", self.video_id)


@dataclass(frozen=True, slots=True)
class VideoRange:
    """Videos that follow each other by id: what one step of a graph works on.

    Attributes:
        number: of the range, from 0.
        videos: by id.
        first: place of its first video among all, from 0.
    """

    number: int
    videos: tuple[VideoKey, ...]
    first: int = 0


@dataclass(frozen=True, slots=True)
class VideoTables:
    """The rows of one video in the tables that were asked for; the others are empty.

    Attributes:
        video: the video.
        masks: its masks.
        candidates: its point candidates.
        points: its verified points.
        frame_names: file names of the frames of a folder, in decode order; empty for a video file.
        names: object id → name of the object, where its localizations give one.
        expressions: object id → the words that refer to the object, where its localizations give some.
        noun_spans: object id → half-open offsets of a noun in the caption of its actor, of objects of narratives.
        split: of the video.
    """

    video: Video
    masks: tuple[Mask, ...] = ()
    candidates: tuple[PointCandidate, ...] = ()
    points: tuple[PointLabel, ...] = ()
    frame_names: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)
    noun_spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    split: str = "train"


ReadVideo = Callable[[VideoKey], VideoTables]
"""Reads one video's rows; it travels to the workers, the rows do not."""
