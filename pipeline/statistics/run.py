"""Counts over a whole run, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.runs.folder import RunFolder
from pipeline.runs.units import localization_counts, object_words, unit_records, videos_of
from pipeline.runs.verdicts import ObjectKey, object_paces, read_verdicts
from pipeline.statistics.answers import answers_of, object_rows
from pipeline.statistics.masks import MaskAnswers
from schemas import tables
from schemas.videos import Video
from stages.consensus.audit import audit
from stages.consensus.opinions import majority
from stages.consensus.pace import Pace, paces
from stages.consensus.run_verdicts import RunVerdicts
from stages.report.answers import Answers, MaskRow
from stages.report.sections import Fact, Share
from stages.simulate.cost import human_cost


@dataclass(slots=True)
class Survey:
    """Counts over a whole run.

    Attributes:
        videos: of the run, by id.
        verdicts: all of them.
        statuses: candidate id → what its verdicts come to.
        masks: what the answers say about the masks.
        paces: work by source of verdicts.
        n_objects: objects that have masks.
        n_frames_asked: (object, frame) pairs that have candidates.
        asked: (asked as foreground, status or empty) → candidates.
        localizations: kind → count, clicks one by one.
        object_of: candidate id → its object, where it was answered.
        titles: what an object is called on the page.
        repairs: masks that were found poor and asked for again, and of these the ones that were replaced.
    """

    videos: list[Video]
    verdicts: RunVerdicts
    statuses: dict[str, str]
    masks: MaskAnswers
    paces: dict[str, Pace]
    n_objects: int = 0
    n_frames_asked: int = 0
    asked: dict[tuple[bool, str], int] = field(default_factory=dict)
    localizations: dict[str, int] = field(default_factory=dict)
    object_of: dict[str, ObjectKey] = field(default_factory=dict)
    titles: dict[ObjectKey, str] = field(default_factory=dict)
    repairs: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, folder: RunFolder) -> Survey:
        """Count, one video at a time."""
        verdicts = read_verdicts(folder)
        statuses = {key: opinion.status for key, opinion in majority(verdicts.deciding()).items()}
        survey = cls(
            videos_of(folder), verdicts, statuses, MaskAnswers(statuses), paces(verdicts.given, lambda v: v.source)
        )
        for video in survey.videos:
            survey._add(folder, video)
        return survey

    def _add(self, folder: RunFolder, video: Video) -> None:
        candidates = unit_records(folder, tables.CANDIDATES, video)
        self.n_objects += video.n_objects
        self.n_frames_asked += len({(c.object_id, c.frame_idx) for c in candidates})
        for candidate in candidates:
            key = (candidate.is_fg_candidate, self.statuses.get(candidate.candidate_id, ""))
            self.asked[key] = self.asked.get(key, 0) + 1
            if candidate.candidate_id in self.statuses:
                self.object_of[candidate.candidate_id] = candidate.video_id, candidate.object_id
        self.masks.add(folder, video, candidates)
        decided = [repair.accepted for repair in unit_records(folder, tables.REPAIRS, video)]
        self.repairs = self.repairs[0] + len(decided), self.repairs[1] + sum(decided)
        for object_id, (name, _) in object_words(folder, video).items():
            self.titles[video.video_id, object_id] = f"{name or f'object {object_id}'}, {video.video_id}"
        for kind, count in localization_counts(folder, video).items():
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
            for source, pace in sorted(self.paces.items())
        ]
        return (
            Fact("localizing", f"{cost.localizing_s:,.0f} s", _kinds(self.localizations)),
            Fact("verifying", f"{cost.verifying_s:,.0f} s", "estimate: 2 s a frame and 1 s a point"),
            *measured,
            Fact("the same frames by polygons", f"{cost.polygons_s:,.0f} s", factor),
        )

    def object_rows(self) -> dict[ObjectKey, MaskRow]:
        """What the answers say about the masks of each object."""
        by_object = object_paces(self.verdicts.votes(), self.object_of)
        return object_rows(
            self.masks.errors(), by_object, lambda key: self.titles.get(key, f"object {key[1]}, {key[0]}")
        )

    def answers(self, objects: Mapping[ObjectKey, MaskRow]) -> Answers:
        """The page's part about answers, given :meth:`object_rows`."""
        return answers_of(self.masks.errors(), objects, audit(self.verdicts.votes(), self.verdicts.golds))

    def notes(self, n_shown: int) -> tuple[str, ...]:
        """What a page with ``n_shown`` frames an object leaves out."""
        if n_shown >= max(self.n_frames_asked / max(self.n_objects, 1), 1):
            return ()
        return (f"The page is kept small: at most {n_shown} frames an object are shown.",)


def _pace(pace: Pace) -> str:
    away = f", {pace.trimmed_s:,.0f} s away left out" if round(pace.trimmed_s) else ""
    return f"{pace.seconds_a_point:.2f} s an answer{away}"


def _kinds(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))


def _fact(name: str, count: int) -> Fact:
    return Fact(name, f"{count:,}")
