"""What an overlay video shows, as records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from schemas.masks import Mask
from schemas.videos import Video

UNKNOWN_RATE = 24.0
"""Frames a second of a video that does not say."""
FrameMasks = Mapping[int, Mapping[str, Mask]]
"""Frame index → object id → its mask."""


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """A point on a frame, in the frame's pixels.

    Attributes:
        x: pixel index, right.
        y: pixel index, down.
        is_fg_candidate: the mask called it foreground.
        status: what people answered, or empty.
    """

    x: int
    y: int
    is_fg_candidate: bool
    status: str = ""

    @property
    def contradicts(self) -> bool:
        """The answer says that the mask is wrong here."""
        return self.status == ("REJECTED" if self.is_fg_candidate else "ACCEPTED")


@dataclass(frozen=True, slots=True)
class ShownClick:
    """A click of a hint or a correction, in the frame's pixels; ``label`` is 1 on the object and 0 off it."""

    x: float
    y: float
    label: int


@dataclass(frozen=True, slots=True)
class Track:
    """One object: a row of the strip.

    Attributes:
        object_id: stable within the video.
        title: its name or id.
        colour: ``#rrggbb``.
        anchors: frames on which a person said something of it.
        asked: frames with points.
    """

    object_id: str
    title: str
    colour: str
    anchors: Collection[int] = ()
    asked: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One picture of every frame: the present masks, or those before a round.

    Attributes:
        title: written on it; empty where there is only one side.
        masks: by frame and object.
    """

    title: str
    masks: FrameMasks


@dataclass(frozen=True, slots=True)
class OverlayPlan:
    """All that an overlay video shows.

    Attributes:
        video: the source.
        tracks: the objects, from top to bottom.
        sides: from left to right; the strip is of the last one.
        points: by frame.
        clicks: by frame.
    """

    video: Video
    tracks: tuple[Track, ...]
    sides: tuple[Side, ...]
    points: Mapping[int, tuple[ShownPoint, ...]] = field(default_factory=dict)
    clicks: Mapping[int, tuple[ShownClick, ...]] = field(default_factory=dict)

    @property
    def rate(self) -> Fraction:
        """Frames a second: every frame of the source is one of the overlay video."""
        return Fraction(self.video.fps or UNKNOWN_RATE).limit_denominator(1001)

    @property
    def side_size(self) -> tuple[int, int]:
        """(height, width) of one side, even: small videos are enlarged, large ones reduced."""
        least, most = (640, 1280) if len(self.sides) == 1 else (480, 960)
        height, width = self.video.height, self.video.width
        wanted = min(max(width, least), most)
        scale = min(wanted / width, _HIGHEST_PX / height)
        return max(2, round(height * scale / 2) * 2), max(2, round(width * scale / 2) * 2)


_HIGHEST_PX = 960
