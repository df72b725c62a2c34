"""What the studio's page is sent, and what it sends, as records."""

from __future__ import annotations

from dataclasses import dataclass, field

Point = tuple[float, float]
Box = tuple[float, float, float, float]

STATES = ("new", "hinted", "tracking", "correcting", "paused", "tracked")
"""Of a video: without hints; with hints; its masks are being made, or corrected; paused; it has masks on all frames."""


@dataclass(frozen=True, slots=True)
class VideoCard:
    """A video in the list.

    Attributes:
        number: its place in the list, by which calls name it.
        name: the video id.
        n_frames: about how many, as its header says; 0 when that is not known.
        height: in pixels.
        width: in pixels.
        fps: 0 for a folder of frames.
        state: one of ``STATES``.
        n_objects: that have hints or masks.
        problem: why it cannot be read; empty when it can.
    """

    number: int
    name: str
    n_frames: int
    height: int
    width: int
    fps: float
    state: str
    n_objects: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """All that a person drew on one object on one frame; without any points, box and strokes it is removed.

    Attributes:
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        points: (x, y, label) pixel indices, x first; label 1 on the object, 0 off it.
        box: x0, y0, x1, y1 half-open in pixels, or None.
        strokes: paths of (x, y) in [0, 1] that were drawn on the object.
        name: of the object, may be empty.
    """

    object_id: str
    frame_idx: int
    points: tuple[tuple[float, float, int], ...] = ()
    box: Box | None = None
    strokes: tuple[tuple[Point, ...], ...] = ()
    name: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing is drawn."""
        return not self.points and self.box is None and not self.strokes


@dataclass(frozen=True, slots=True)
class PageMask:
    """One object's mask on one frame, for the page.

    Attributes:
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        rle: COCO compressed counts.
        quality: trust in [0, 1].
        source: as in the ``masks`` table.
        round: that made it.
    """

    object_id: str
    frame_idx: int
    rle: str
    quality: float
    source: str
    round: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """The masks of one frame's hints.

    Attributes:
        frame_idx: 0-based decode index.
        masks: one an object with usable hints.
        problems: object id → why there is no mask of its hints.
        took_ms: milliseconds that the answer took here.
    """

    frame_idx: int
    masks: tuple[PageMask, ...]
    problems: dict[str, str] = field(default_factory=dict)
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class StudioObject:
    """An object of the open video.

    Attributes:
        object_id: stable within the video.
        name: may be empty.
        is_tracked: it has masks beyond its hints.
    """

    object_id: str
    name: str
    is_tracked: bool


@dataclass(frozen=True, slots=True)
class ObjectLine:
    """One object along the video, for its timeline.

    Attributes:
        object_id: stable within the video.
        quality: (n_frames) in [0, 1]; -1 where there is no mask.
        anchors: frames with hints or corrections, never overwritten.
        absent: frames on which a person marked it as absent.
        locked: frames whose mask a person locked.
        repairs: frames whose mask was segmented again.
        changed: frames that the last round changed.
    """

    object_id: str
    quality: tuple[float, ...]
    anchors: tuple[int, ...]
    absent: tuple[int, ...] = ()
    locked: tuple[int, ...] = ()
    repairs: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """A correction that waits for its round.

    Attributes:
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        kind: ``clicks``, ``absent``, ``lock`` or ``add``.
        points: (x, y, label) of ``clicks``.
        box: x0, y0, x1, y1 half-open in pixels, drawn beside clicks or without; empty without one.
    """

    object_id: str
    frame_idx: int
    kind: str
    points: tuple[tuple[float, float, int], ...] = ()
    box: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkStep:
    """How far the work in the background is.

    Attributes:
        text: what is being done, without a full stop; empty while nothing is.
        share: done, in [0, 1].
        is_round: a round of corrections is worked on, else all masks are made.
        left_s: seconds until the end, about; 0 while that is not known.
    """

    text: str = ""
    share: float = 0.0
    is_round: bool = False
    left_s: float = 0.0


@dataclass(frozen=True, slots=True)
class VideoView:
    """All that the page needs to show a video.

    Attributes:
        card: as in the list.
        n_ready: frames that can be shown at once, from the first on.
        is_whole: all frames are ready, so ``n_frames`` is exact.
        objects: by id.
        hints: all that was drawn.
        cuts: first frames of new shots.
        round: last finished correction round; 0 without any.
        can_undo: there is a round to take back.
        pending: corrections that wait for their round.
        lines: one an object with masks.
        work: on this video, while there is any.
        note: a sentence about how the last work ended; empty without any.
    """

    card: VideoCard
    n_ready: int
    is_whole: bool
    objects: tuple[StudioObject, ...]
    hints: tuple[Hint, ...]
    cuts: tuple[int, ...]
    round: int
    can_undo: bool
    pending: tuple[Pending, ...]
    lines: tuple[ObjectLine, ...]
    work: WorkStep = WorkStep()
    note: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedFrame:
    """The frame most worth checking.

    Attributes:
        frame_idx: 0-based decode index.
        object_id: which object.
        why: a sentence.
    """

    frame_idx: int
    object_id: str
    why: str
