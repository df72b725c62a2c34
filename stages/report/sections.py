"""What the page shows, as records; the template only lays them out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.repairs import Repair
from stages.report.answers import Answers, MaskRow
from stages.report.plots import QualityPlot


@dataclass(frozen=True, slots=True)
class Ring:
    """A candidate on a picture, in the frame's pixels.

    Attributes:
        x: pixel index, right.
        y: pixel index, down.
        is_fg_candidate: it is asked as foreground.
        status: the answer, or ``unanswered``.
        stratum: where it was drawn.
    """

    x: int
    y: int
    is_fg_candidate: bool
    status: str
    stratum: str

    @property
    def contradicts(self) -> bool:
        """The answer says that the mask is wrong here."""
        return self.status == ("REJECTED" if self.is_fg_candidate else "ACCEPTED")


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame with masks drawn in (``uri``) and rings to lay over it.

    Attributes:
        frame_idx: 0-based decode index.
        uri: data URI, or empty when the frame was not kept.
        width: of the frame, in pixels.
        height: of the frame, in pixels.
        quality: of the object's mask; None on a picture of all objects.
        rings: candidates of the object.
    """

    frame_idx: int
    uri: str
    width: int
    height: int
    quality: float | None = None
    rings: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectSection:
    """One object of a video.

    Attributes:
        object_id: stable within the video.
        title: its name or id.
        expression: the words that refer to it.
        colour: ``#rrggbb``.
        plot: quality over time.
        counts: (what, how many), answers to its candidates.
        pictures: chosen frames, at most as many as the page has room for.
        n_left_out: chosen frames that are not shown.
        errors: what the answers say about its masks; None where nobody has answered.
        repairs: decisions on its masks that were found poor, in time order.
    """

    object_id: str
    title: str
    expression: str
    colour: str
    plot: QualityPlot
    counts: tuple[tuple[str, int], ...]
    pictures: tuple[Picture, ...]
    n_left_out: int
    errors: MaskRow | None = None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoSection:
    """One video.

    Attributes:
        video_id: the video.
        facts: a line about it.
        cover: all objects on one frame, or None.
        objects: its objects.
    """

    video_id: str
    facts: str
    cover: Picture | None
    objects: tuple[ObjectSection, ...]


@dataclass(frozen=True, slots=True)
class RejectGroup:
    """Alike rejects: how many, and the first of them."""

    stage: str
    error: str
    count: int
    example: str
    detail: str


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, as a bar.

    Attributes:
        name: what the part is.
        part: how many.
        whole: of how many.
    """

    name: str
    part: int
    whole: int

    @property
    def percent(self) -> float:
        """0..100; 0 of nothing is 0."""
        return 100 * self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure with its name, and a remark."""

    name: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page; ``videos`` may be a generator, so that one video is in memory at a time.

    Attributes:
        title: of the page.
        subtitle: what made the run.
        facts: figures at the top.
        shares: bars below them.
        costs: human work in seconds.
        rejects: groups, largest first.
        videos: the body.
        notes: what was left out.
        answers: what they say about masks and about those who gave them.
    """

    title: str
    subtitle: str
    facts: tuple[Fact, ...]
    shares: tuple[Share, ...]
    costs: tuple[Fact, ...]
    rejects: tuple[RejectGroup, ...]
    videos: Iterable[VideoSection]
    notes: tuple[str, ...] = ()
    answers: Answers = field(default_factory=Answers)
