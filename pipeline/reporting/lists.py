"""The lists and details of the report, video by video."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from urllib.parse import quote

from pipeline.reporting.suggested_frames import SuggestedFrame, answers_by_object, suggested_frames
from pipeline.runs.folder import RunFolder
from pipeline.runs.names import frame_folder_name
from pipeline.statistics.answers import object_rows
from pipeline.statistics.masks import MaskAnswers
from pipeline.statistics.reading import VideoReading
from schemas.videos import Video
from stages.overlay import colour_of
from stages.report.answers import MaskRow
from stages.report.building import VideoRows, object_detail, picture_of, video_facts
from stages.report.files import ReportFiles
from stages.report.payload import detail_json
from stages.report.sections import FrameEntry, ObjectEntry, Ring, VideoEntry

OVERLAY_VIDEOS = "videos"
"""Folder of the overlay videos, beside the report."""
MOST_LOOKS = 5000
"""Frames to look at that are listed: nobody looks at more."""


@dataclass
class ListBuilder:
    """Fills the lists; what it keeps of an object is a row.

    Attributes:
        run: the run.
        flags: candidate id → what people said of its whole frame.
        files: where details go.
        videos: so far.
        objects: so far.
        asked: by object, the frames with candidates.
        n_looks: frames that should be checked, listed or not.
        overlay_videos: overlay videos of the run, as of :func:`overlay_videos_of`.
    """

    run: RunFolder
    flags: Mapping[str, frozenset[str]]
    files: ReportFiles
    videos: list[VideoEntry] = field(default_factory=list)
    objects: list[ObjectEntry] = field(default_factory=list)
    asked: list[tuple[int, ...]] = field(default_factory=list)
    n_looks: int = 0
    overlay_videos: tuple[str, ...] = ()
    _looks: list[tuple[bool, float, int, int, FrameEntry]] = field(default_factory=list)

    def add(self, read: VideoReading) -> None:
        """Take a video in."""
        video, masks = read.video, read.masks()
        errors = self._errors(read)
        rows = VideoRows(video, masks, read.candidates, read.statuses, read.localized, errors, read.repairs)
        answers = answers_by_object(read.candidates, read.statuses, self.flags, masks)
        self.videos.append(
            VideoEntry(
                video.video_id,
                video_facts(video),
                video.width,
                video.height,
                overlay_links(video, self.overlay_videos),
                video.fps,
            )
        )
        for place, object_id in enumerate(sorted(masks)):
            annotated = read.rounds.annotated(object_id, read.localized.get(object_id, ()))
            own = answers.get(object_id, {})
            flags = {flag.frame_idx: flag for flag in read.flags if flag.object_id == object_id}
            looks = suggested_frames(video, object_id, masks[object_id], annotated, own, flags)
            n_wrong = sum(said.n_wrong for said in own.values())
            self._add_object(rows, (place, object_id), read.words.get(object_id, ("", "")), looks, n_wrong)

    def looks(self) -> list[FrameEntry]:
        """The frames that should be checked, best first."""
        return [entry for *_, entry in sorted(self._looks, key=lambda one: one[:4], reverse=True)]

    def _errors(self, read: VideoReading) -> dict[str, MaskRow]:
        tally = MaskAnswers()
        tally.add(read.rounds.masks, read.candidates, read.statuses)
        rows = object_rows(tally.errors(), {}, lambda key: key[1])
        return {object_id: row for (_, object_id), row in rows.items()}

    def _add_object(
        self,
        rows: VideoRows,
        which: tuple[int, str],
        words: tuple[str, str],
        looks: Sequence[SuggestedFrame],
        n_wrong: int,
    ) -> None:
        (place, object_id), (name, expression) = which, words
        rings: Mapping[int, tuple[Ring, ...]] = rows.rings(object_id)
        found = object_detail(rows, object_id, rings, {look.frame_idx for look in looks})
        counts, own = dict(found.counts), rows.masks[object_id]
        number = len(self.objects)
        self.objects.append(
            ObjectEntry(
                video=len(self.videos) - 1,
                object_id=object_id,
                title=name or f"object {object_id}",
                expression=expression,
                colour=colour_of(place),
                quality=found.plot.mean,
                n_masks=len(own),
                n_asked=sum(counts.values()),
                n_answered=sum(counts.values()) - counts.get("unanswered", 0),
                n_wrong=n_wrong,
                chunk=(where := self.files.add_details(detail_json(found)))[0],
                place=where[1],
            )
        )
        self.asked.append(tuple(rings))
        for look in looks:
            picture = picture_of(rows, object_id, look.frame_idx).name
            self._keep(FrameEntry(number, look.frame_idx, look.gain, look.reason, look.why, picture))

    def _keep(self, entry: FrameEntry) -> None:
        """Keep the best of all, flagged ones before them; of equal ones those of the first videos."""
        self.n_looks += 1
        ranked = (entry.reason == "flagged", entry.gain, -entry.object, -entry.frame_idx, entry)
        if len(self._looks) < MOST_LOOKS:
            heappush(self._looks, ranked)
        else:
            heappushpop(self._looks, ranked)


def overlay_videos_of(run: RunFolder) -> tuple[str, ...]:
    """The overlay videos beside the report, by their names below their folder."""
    folder = run.path / "report" / OVERLAY_VIDEOS
    return tuple(sorted(str(path).removeprefix(f"{folder}/") for path in folder.rglob("*.mp4")))


def overlay_links(video: Video, overlay_videos: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(what it shows, address) of the overlay videos of one video: of all objects first, then of rounds and objects."""
    found = []
    pattern = re.compile(
        re.escape(frame_folder_name(video.video_id)) + r"(?:\.object-([^/]+?))?(?:\.before-(\d+))?\.mp4"
    )
    for name in overlay_videos:
        if is_its := pattern.fullmatch(name):
            shown, round_ = is_its.groups()
            words = f"object {shown}" if shown else "the overlay video"
            found.append(
                (f"{words}, before and after round {round_}" if round_ else words, quote(f"{OVERLAY_VIDEOS}/{name}"))
            )
    return tuple(sorted(found, key=lambda one: (one[0] != "the overlay video", one[0])))
