"""Overlay videos of a run: what each shows, by its tables, and how it is written.

The bytes of an overlay video depend on the tables, the video and the options alone. One that is there is kept while
nothing that it shows has changed, so an interrupted command continues where it stopped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import frame_folder_name
from pipeline.runs.resampling import source_of
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.spool import VideoOpener
from pipeline.runs.statuses import StatusesOf
from pipeline.runs.units import localized_frames, object_words, unit_records, unit_rows
from schemas import tables
from schemas.digests import digest
from schemas.frames import Frame
from schemas.masks import Mask
from schemas.remote_paths import AnyPath
from schemas.videos import Video
from stages.overlay import colour_of
from stages.render.overlay_plan import FrameMasks, OverlayPlan, ShownClick, ShownPoint, Side, Track
from stages.render.overlay_video import mark_of, write_overlay_video
from stages.render.text_drawing import known
from stages.video import DecodeError, open_video

_LOOK = 1
"""Of the overlay_videos: another number makes all of them again."""


class RenderStoppedError(Exception):
    """Somebody ended the command while an overlay video was being written."""


@dataclass(frozen=True, slots=True)
class OverlayJob:
    """One overlay video to be made.

    Attributes:
        video: the source.
        path: of the overlay video.
        object_ids: that it shows.
        before_round: the state before this round is shown beside the present one; 0 for the present one alone.
    """

    video: Video
    path: AnyPath
    object_ids: tuple[str, ...]
    before_round: int = 0


@dataclass(frozen=True, slots=True)
class Rendered:
    """The outcome of an overlay video: written now, existing already, or failed."""

    path: AnyPath
    n_frames: int = 0
    was_there: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RenderSelection:
    """What is rendered.

    Attributes:
        names: ids or names of objects; all when empty.
        is_by_object: a file an object, else one a video.
        before_round: see :class:`OverlayJob`.
    """

    names: frozenset[str] = frozenset()
    is_by_object: bool = False
    before_round: int = 0

    def jobs(self, run: RunFolder, video: Video, out: AnyPath) -> list[OverlayJob]:
        """The overlay videos of a video; none when it has no object of these names, or no such round."""
        if self.before_round and VideoRounds.read(run, video).number < self.before_round:
            return []
        words = object_words(run, video)
        ids = sorted(set(unit_rows(run, tables.MASKS, video, ["object_id"])["object_id"].to_pylist()) | set(words))
        chosen = [one for one in ids if not self.names or not self.names.isdisjoint({one, words.get(one, ("", ""))[0]})]
        shown = [(one,) for one in chosen] if self.is_by_object else [tuple(chosen)] if chosen else []
        return [
            OverlayJob(video, out / self._name(video, group, is_all=len(group) == len(ids)), group, self.before_round)
            for group in shown
        ]

    def _name(self, video: Video, group: Sequence[str], is_all: bool) -> str:
        """The file of an overlay video; no other video's or object's has it, for a readable id has no dot."""
        which = "" if is_all and not self.is_by_object else f".object-{digest(*group, length=8)}"
        if len(group) == 1 and which and frame_folder_name(group[0]) == group[0] and "/" not in group[0]:
            which = f".object-{group[0]}"
        before = f".before-{self.before_round}" if self.before_round else ""
        return f"{frame_folder_name(video.video_id)}{which}{before}.mp4"


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes overlay videos of a run.

    Attributes:
        run: the run.
        statuses_of: gives what the verdicts on a video's candidates come to.
        is_stopped: asked after every frame.
    """

    run: RunFolder
    statuses_of: StatusesOf = lambda _: {}
    is_stopped: Callable[[], bool] = lambda: False

    def render(self, job: OverlayJob, done: Callable[[], None]) -> Rendered:
        """Write one overlay video; ``done`` is called after every frame.

        Raises:
            RenderStoppedError: somebody ended the command; nothing is left of the overlay video.
            OSError: it cannot be written.
        """
        plan = self.plan(job)
        shown = replace(plan, video=replace(plan.video, uri="", unit=""))
        mark = f"pointvos {digest(_LOOK, shown)}"
        if mark_of(job.path) == mark:
            return Rendered(job.path, was_there=True)
        n_frames = 0

        def count() -> None:
            nonlocal n_frames
            n_frames += 1
            done()
            if self.is_stopped():
                raise RenderStoppedError

        try:
            write_overlay_video(job.path, plan, _frames(job.video), mark, count)
        except (DecodeError, ValueError) as problem:
            return Rendered(job.path, problem=f"{job.video.video_id}: {problem}")
        return Rendered(job.path, n_frames)

    def plan(self, job: OverlayJob) -> OverlayPlan:
        """What an overlay video shows."""
        video, rounds = job.video, VideoRounds.read(self.run, job.video)
        sides = [Side("", _by_frame(rounds.masks, job.object_ids))]
        if job.before_round:
            then = rounds.at(job.before_round - 1)
            sides = [
                Side(f"before round {job.before_round}", _by_frame(then, job.object_ids)),
                replace(sides[0], title=f"after round {rounds.number}"),
            ]
        points, asked = self._points(job)
        return OverlayPlan(video, self._tracks(job, rounds, asked), tuple(sides), points, self._clicks(job, rounds))

    def _tracks(self, job: OverlayJob, rounds: VideoRounds, asked: Mapping[str, set[int]]) -> tuple[Track, ...]:
        words, localized = object_words(self.run, job.video), localized_frames(self.run, job.video)
        places = {one: place for place, one in enumerate(sorted({m.object_id for m in rounds.masks} | words.keys()))}
        return tuple(
            Track(
                object_id=one,
                title=title_of(one, words.get(one, ("", ""))[0]),
                colour=colour_of(places[one]),
                anchors=tuple(sorted(rounds.annotated(one, localized.get(one, ())))),
                asked=tuple(sorted(asked.get(one, ()))),
            )
            for one in job.object_ids
        )

    def _points(self, job: OverlayJob) -> tuple[dict[int, tuple[ShownPoint, ...]], dict[str, set[int]]]:
        """Points by frame, and by object the frames that have any."""
        points: dict[int, list[ShownPoint]] = defaultdict(list)
        asked: dict[str, set[int]] = defaultdict(set)
        statuses = self.statuses_of(job.video.video_id)
        for one in unit_records(self.run, tables.CANDIDATES, job.video):
            if one.object_id in job.object_ids:
                status = statuses.get(one.candidate_id, "")
                points[one.frame_idx].append(ShownPoint(one.x, one.y, one.is_fg_candidate, status))
                asked[one.object_id].add(one.frame_idx)
        return {idx: tuple(found) for idx, found in sorted(points.items())}, asked

    def _clicks(self, job: OverlayJob, rounds: VideoRounds) -> dict[int, tuple[ShownClick, ...]]:
        clicks: dict[int, list[ShownClick]] = defaultdict(list)
        for row in unit_rows(self.run, tables.LOCALIZATIONS, job.video).to_pylist():
            if row["kind"] == "clicks" and row["object_id"] in job.object_ids:
                clicks[row["frame_idx"]] += map(ShownClick, row["x"], row["y"], row["label"])
        for one in rounds.in_effect:
            if one.kind == "clicks" and one.object_id in job.object_ids:
                clicks[one.frame_idx] += map(ShownClick, one.x, one.y, one.label)
        return {idx: tuple(found) for idx, found in sorted(clicks.items())}


def title_of(object_id: str, name: str) -> str:
    """What an object is called where people look; its id where it has no name that can be drawn."""
    return known(name, f"object {object_id}")


def _by_frame(masks: Collection[Mask], object_ids: Sequence[str]) -> FrameMasks:
    found: dict[int, dict[str, Mask]] = defaultdict(dict)
    for mask in masks:
        if mask.object_id in object_ids:
            found[mask.frame_idx][mask.object_id] = mask
    return dict(found)


def _frames(video: Video) -> Iterator[Frame]:
    with open_video(source_of(video), VideoOpener()) as reader:
        yield from reader
