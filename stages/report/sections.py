"""What the page shows, as records; the template and its scripts only lay them out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from stages.report.answers import Answers, MaskRow
from stages.report.plots import QualityPlot

REASONS = {
    "contradicted": "people contradict the mask",
    "other_object": "follows another object",
    "absent": "object is not there",
    "flagged": "wrong after correction",
    "missing": "no mask for a moment",
    "doubtful": "doubtful mask",
}
"""Why a frame should be checked, as the page's filter names it."""
VERIFIED = {
    "all": "fully verified",
    "some": "partly verified",
    "none": "not verified yet",
    "not_asked": "nothing to verify",
}
"""How far people have answered about an object."""


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
class ShownFrame:
    """A frame of an object.

    Attributes:
        frame_idx: 0-based decode index.
        quality: of the object's mask; None where it has none.
        picture: name of its picture, whether the page has it or not.
        rings: candidates of the object.
    """

    frame_idx: int
    quality: float | None = None
    picture: str = ""
    rings: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectDetail:
    """All about one object.

    Attributes:
        plot: quality over time.
        counts: (what, how many), answers to its candidates.
        frames: in time order: those with candidates and those that should be checked.
        errors: what the answers say about its masks; None where nobody has answered.
        remarks: sentences, such as the outcome of repairs.
    """

    plot: QualityPlot
    counts: tuple[tuple[str, int], ...] = ()
    frames: tuple[ShownFrame, ...] = ()
    errors: MaskRow | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoEntry:
    """A video in the lists.

    Attributes:
        video_id: the video.
        facts: a line about it.
        width: of its frames, in pixels.
        height: of its frames, in pixels.
        overlay_videos: (what it shows, address as seen from the page) of its overlay videos.
        fps: frames a second of these.
    """

    video_id: str
    facts: str
    width: int
    height: int
    overlay_videos: tuple[tuple[str, str], ...] = ()
    fps: float = 0.0


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """An object in the lists.

    Attributes:
        video: place of its video.
        object_id: stable within the video.
        title: its name or id.
        expression: the words that refer to it.
        colour: ``#rrggbb``.
        quality: mean of its masks.
        n_masks: frames with a mask.
        n_asked: candidates.
        n_answered: of these, answered ones.
        n_wrong: of these, those that contradict the mask.
        chunk: number of the file with its details.
        place: of its details in that file.
    """

    video: int
    object_id: str
    title: str
    expression: str
    colour: str
    quality: float
    n_masks: int
    n_asked: int
    n_answered: int
    n_wrong: int
    chunk: int
    place: int

    @property
    def verified(self) -> str:
        """A key of VERIFIED."""
        if not self.n_asked:
            return "not_asked"
        return "all" if self.n_answered == self.n_asked else "some" if self.n_answered else "none"


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """A frame that should be checked.

    Attributes:
        object: place of its object in the list of all.
        frame_idx: 0-based decode index.
        gain: expected mask error that a correction there would lower, in frames.
        reason: a key of REASONS.
        why: sentences.
        picture: name of its picture, whether the page has it or not.
    """

    object: int
    frame_idx: int
    gain: float
    reason: str
    why: str
    picture: str = ""


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
class Bars:
    """Counts with bars.

    Attributes:
        title: what is counted.
        counts: by name, in order.
    """

    title: str
    counts: Mapping[str, int]

    @property
    def most(self) -> int:
        """The highest count, at least 1."""
        return max(1, *self.counts.values())


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Counts by place in the frame.

    Attributes:
        title: what is counted.
        cells: rows from the top, each from the left.
    """

    title: str
    cells: Sequence[Sequence[int]]

    @property
    def most(self) -> int:
        """The highest count, at least 1."""
        return max(1, *(cell for row in self.cells for cell in row))


@dataclass(frozen=True, slots=True)
class Page:
    """The page without its lists.

    Attributes:
        title: of the page.
        subtitle: what made the run.
        lead: what the run is and how far it is, in sentences.
        facts: figures at the top.
        shares: bars of the answers.
        costs: human work in seconds.
        rejects: groups, largest first.
        notes: what was left out.
        answers: what they say about masks and about those who gave them.
        bars: statistics.
        maps: statistics by place.
    """

    title: str
    subtitle: str
    lead: str
    facts: tuple[Fact, ...]
    shares: tuple[Share, ...]
    costs: tuple[Fact, ...]
    rejects: tuple[RejectGroup, ...]
    notes: tuple[str, ...] = ()
    answers: Answers = field(default_factory=Answers)
    bars: tuple[Bars, ...] = ()
    maps: tuple[HeatMap, ...] = ()


@dataclass(frozen=True, slots=True)
class Lists:
    """What the page lists; its details are in files beside it, or in it.

    Attributes:
        videos: all, by id.
        objects: all, by video.
        looks: the frames that should be checked, best first.
        chunks: addresses of the files of details, as seen from the page; empty where they are in the page.
        pictures: names of those that there are.
        run: what the command line calls the run.
        studio: origin of the studio's page, where it was open last; empty when it never was.
    """

    videos: Sequence[VideoEntry]
    objects: Sequence[ObjectEntry]
    looks: Sequence[FrameEntry]
    chunks: Sequence[str] = ()
    pictures: Collection[str] = ()
    run: str = ""
    studio: str = ""
