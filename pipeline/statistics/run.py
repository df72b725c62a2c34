"""Counts over a whole run, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.runs.answer_parts import AnswerPart, AnswerTally, ObjectKey
from pipeline.runs.folder import RunFolder
from pipeline.runs.units import videos_of
from pipeline.statistics.answers import answers_of, object_rows
from pipeline.statistics.counts import RunCounts
from pipeline.statistics.masks import MaskAnswers
from pipeline.statistics.reading import VideoReading
from schemas import tables
from schemas.videos import Video
from stages.consensus.pace import Pace, PaceTally
from stages.report.answers import Answers, MaskRow
from stages.report.sections import Bars, Fact, HeatMap, Share
from stages.simulate.cost import human_cost


@dataclass(slots=True)
class RunStatistics:
    """Counts over a whole run.

    Attributes:
        videos: of the run, by id.
        tally: of all answers.
        flags: candidate id → what people said of its whole frame.
        masks: what the answers say about the masks.
        counts: points, frames, sizes, places.
        by_source: work by source of verdicts.
        n_objects: objects that have masks.
        n_frames_asked: (object, frame) pairs that have candidates.
        asked: (asked as foreground, status or empty) → candidates.
        localizations: kind → count, clicks one by one.
        titles: what an object is called on the page.
        repairs: masks that were found poor and asked for again, and of these the ones that were replaced.
    """

    videos: list[Video]
    tally: AnswerTally
    counts: RunCounts
    by_source: PaceTally[str] = field(default_factory=PaceTally)
    flags: dict[str, frozenset[str]] = field(default_factory=dict)
    masks: MaskAnswers = field(default_factory=MaskAnswers)
    n_objects: int = 0
    n_frames_asked: int = 0
    asked: dict[tuple[bool, str], int] = field(default_factory=dict)
    localizations: dict[str, int] = field(default_factory=dict)
    titles: dict[ObjectKey, str] = field(default_factory=dict)
    repairs: tuple[int, int] = (0, 0)

    @classmethod
    def begin(cls, folder: RunFolder) -> RunStatistics:
        """Nothing is counted yet."""
        counts = RunCounts(is_merged=bool(tables.POINTS.stems(folder.path)))
        return cls(videos_of(folder), AnswerTally.begin(folder), counts)

    def add_answers(self, part: AnswerPart) -> None:
        """Count a part of the answers."""
        self.tally.add(part)
        for verdict in part.verdicts.given:
            self.by_source.add(verdict, verdict.source)
        for candidate_id, given in part.verdicts.deciding().items():
            if said := frozenset(verdict.flag for verdict in given if verdict.flag):
                self.flags[candidate_id] = said

    def add(self, folder: RunFolder, read: VideoReading) -> None:
        """Count one video."""
        video = read.video
        self.n_objects += video.n_objects
        self.n_frames_asked += len({(c.object_id, c.frame_idx) for c in read.candidates})
        for candidate in read.candidates:
            key = (candidate.is_fg_candidate, read.statuses.get(candidate.candidate_id, ""))
            self.asked[key] = self.asked.get(key, 0) + 1
        self.masks.add(read.rounds.masks, read.candidates, read.statuses)
        self.counts.add(folder, video, read.statuses)
        n_accepted = sum(repair.accepted for repair in read.repairs)
        self.repairs = self.repairs[0] + len(read.repairs), self.repairs[1] + n_accepted
        for object_id, (name, _) in read.words.items():
            self.titles[video.video_id, object_id] = f"{name or f'object {object_id}'}, {video.video_id}"
        for kind, count in read.n_localizations.items():
            self.localizations[kind] = self.localizations.get(kind, 0) + count

    @property
    def n_candidates(self) -> int:
        """All candidates."""
        return sum(self.asked.values())

    @property
    def n_answered(self) -> int:
        """Candidates with a verdict."""
        return sum(count for (_, status), count in self.asked.items() if status)

    def facts(self) -> tuple[Fact, ...]:
        """The figures at the top of the page."""
        labelled = {s: sum(n for (_, found), n in self.asked.items() if found == s) for s in ("ACCEPTED", "REJECTED")}
        return (
            _fact("videos", len(self.videos)),
            _fact("frames", sum(video.n_frames for video in self.videos)),
            _fact("objects", self.n_objects),
            Fact("masks repaired", f"{self.repairs[1]:,}", f"of {self.repairs[0]:,} low-quality masks"),
            Fact("candidates", f"{self.n_candidates:,}", f"on {self.n_frames_asked:,} object-frames"),
            Fact("answered", f"{self.n_answered:,}", f"{self.n_candidates - self.n_answered:,} to go"),
            _fact("foreground points", labelled["ACCEPTED"]),
            _fact("background points", labelled["REJECTED"]),
        )

    def shares(self) -> tuple[Share, ...]:
        """What people said, in parts of a whole; nothing while nobody has answered."""
        if not self.n_answered:
            return ()
        decided = {fg: sum(self.asked.get((fg, s), 0) for s in ("ACCEPTED", "REJECTED")) for fg in (True, False)}
        ambiguous = sum(count for (_, status), count in self.asked.items() if status == "AMBIGUOUS")
        return (
            Share("candidates answered", self.n_answered, self.n_candidates),
            Share("foreground candidates confirmed", self.asked.get((True, "ACCEPTED"), 0), decided[True]),
            Share("background candidates confirmed", self.asked.get((False, "REJECTED"), 0), decided[False]),
            Share("cannot tell", ambiguous, self.n_answered),
        )

    def costs(self) -> tuple[Fact, ...]:
        """Human work in seconds: estimated, measured, and what polygons would take."""
        cost = human_cost(self.localizations, self.n_frames_asked, self.n_candidates)
        factor = f"{cost.polygons_s / cost.total_s:.1f} × as much" if cost.total_s else ""
        measured = [
            Fact(f"measured, {source.replace('_', ' ')}", f"{pace.active_s:,.0f} s", _pace(pace))
            for source, pace in sorted(self.by_source.paces().items())
        ]
        return (
            Fact("localizing", f"{cost.localizing_s:,.0f} s", _kinds(self.localizations)),
            Fact("verifying", f"{cost.verifying_s:,.0f} s", "estimate: 2 s per frame and 1 s per point"),
            *measured,
            Fact("the same frames by polygons", f"{cost.polygons_s:,.0f} s", factor),
        )

    def object_rows(self) -> dict[ObjectKey, MaskRow]:
        """What the answers say about the masks of each object."""
        return object_rows(
            self.masks.errors(),
            self.tally.objects.paces(),
            lambda key: self.titles.get(key, f"object {key[1]}, {key[0]}"),
        )

    def answers(self, objects: Mapping[ObjectKey, MaskRow]) -> Answers:
        """The page's part about answers, given :meth:`object_rows`."""
        return answers_of(self.masks.errors(), objects, self.tally.audit.audit())

    def bars(self) -> tuple[Bars, ...]:
        """Statistics as bars, without those that have nothing to show."""
        counts = self.counts
        found = (
            Bars("Objects by their number of points", counts.points_an_object.shown_bins(10) if counts.points else {}),
            Bars(
                "Objects by their frames with accepted points",
                counts.accepted_frames_an_object.shown_bins(1) if counts.points else {},
            ),
            Bars("Masks by quality", {f"{t / 10:.1f} to {(t + 1) / 10:.1f}": counts.qualities[t] for t in range(10)}),
            Bars("Masks by size", counts.by_size()),
            Bars("Masks by what drew them", dict(sorted(counts.mask_sources.items()))),
        )
        return tuple(bars for bars in found if any(bars.counts.values()))

    def maps(self) -> tuple[HeatMap, ...]:
        """Statistics by place, without those that have nothing to show."""
        found = (
            HeatMap("Where answered points lie in the frame", self.counts.positions.tolist()),
            HeatMap("Where accepted points lie in the frame", self.counts.positions_accepted.tolist()),
        )
        return tuple(shown for shown in found if any(map(any, shown.cells)))


def _pace(pace: Pace) -> str:
    away = f", {pace.trimmed_s:,.0f} s of breaks excluded" if round(pace.trimmed_s) else ""
    return f"{pace.seconds_a_point:.2f} s per answer{away}"


def _kinds(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))


def _fact(name: str, count: int) -> Fact:
    return Fact(name, f"{count:,}")
