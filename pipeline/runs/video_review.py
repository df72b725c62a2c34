"""What of one video people are asked, and everything that its tasks show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from pipeline.runs.filesystems import find_videos
from pipeline.runs.folder import RunFolder
from pipeline.runs.questions import questions_of
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import unit_records, unit_rows, video_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.frames import Frame
from schemas.gold import Gold
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.ranges import VideoKey
from schemas.reviews import ReviewTask
from schemas.videos import Video
from stages.consensus.blind import blind_sample
from stages.consensus.gold import with_gold
from stages.sample_points.questions import Questions
from stages.video import DecodeError, open_video
from verification_ui.media.clips import make_clips
from verification_ui.media.maker import MediaMaker
from verification_ui.page.asked_objects import AskedObject, ObjectKey, asked_objects
from verification_ui.page.media_paths import QUEUE
from verification_ui.page.payloads import Payload, Question, payload
from verification_ui.queue.plan import Selection


@dataclass(frozen=True)
class VideoReview:
    """One video as the review sees it, read when it is first used.

    Attributes:
        run: the run.
        media: the media folder.
        key: the video.
        golds: gold by the id of the candidate that it replaces, of any videos.
    """

    run: RunFolder
    media: Path
    key: VideoKey
    golds: Mapping[str, Gold] = field(default_factory=dict)

    @cached_property
    def video(self) -> Video:
        """What is known of it."""
        return video_of(self.run, self.key)

    @cached_property
    def sampled(self) -> list[PointCandidate]:
        """All candidates as they were drawn."""
        return unit_records(self.run, tables.CANDIDATES, self.video)

    @cached_property
    def candidates(self) -> Mapping[str, PointCandidate]:
        """All candidates by id, those that gold replaces and the gold in their place."""
        return {c.candidate_id: c for c in (*self.sampled, *self._with_gold)}

    @cached_property
    def objects(self) -> Mapping[ObjectKey, AskedObject]:
        """What is asked about."""
        return asked_objects(unit_rows(self.run, tables.LOCALIZATIONS, self.key))

    @cached_property
    def questions(self) -> Questions:
        """Which objects and masks are asked about."""
        return questions_of(self.run, self.video)

    @cached_property
    def maker(self) -> MediaMaker:
        """Draws the pictures."""
        return MediaMaker(self.media, self.run.frame_file, self.masks_of, self.candidates, self.objects)

    def masks_of(self, _: str = "") -> Mapping[tuple[str, int], Mask]:
        """The masks by object and frame."""
        return {(mask.object_id, mask.frame_idx): mask for mask in unit_records(self.run, tables.MASKS, self.video)}

    def asked(self, selection: Selection) -> list[PointCandidate]:
        """The candidates that are asked about; where a design shows claims, gold replaces them.

        One of several names for one thing is asked, and nothing about unusable masks
        (:mod:`stages.sample_points.questions`).
        """
        if selection.chosen is not None:
            return [c for c in self.sampled if c.candidate_id in selection.chosen]
        shown = self.sampled if selection.design == "single" else self._with_gold
        if selection.blind_share is not None:
            claimed = set(self._with_gold)
            shown = blind_sample((c for c in self.sampled if c in claimed), selection.blind_share)
        return [c for c in shown if self._is_asked(c)]

    def held_back(self) -> tuple[int, int]:
        """How many objects with candidates are other names of one that is asked, and how many masks are unusable."""
        left = [c for c in self.sampled if not self._is_asked(c)]
        names = {c.object_id for c in left if c.object_id in self.questions.leaders}
        return len(names), len({(c.object_id, c.frame_idx) for c in left if c.object_id not in names})

    def payload(self, task: ReviewTask) -> Payload:
        """What the server is given of one task."""
        names = self.maker.names(task)
        asked = self.objects.get((task.video_id, task.object_id), AskedObject())
        points = [self.candidates[candidate_id] for candidate_id in task.candidate_ids]
        has_clip = (self.media / names.clip).exists()
        return payload(Question(task, points, asked, names, self.video.height, self.video.width, has_clip))

    def cut_clips(self, tasks: Sequence[ReviewTask]) -> str:
        """Make the clips that are not there yet; why there are none, where the video cannot be read any more."""
        files = {task.frame_idx: self.media / self.maker.names(task).clip for task in tasks}
        missing = {frame_idx: file for frame_idx, file in files.items() if not file.exists()}
        try:
            if missing:
                with self._frames() as frames:
                    make_clips(frames, self.video.fps, missing, self.video.cuts)
        except (DecodeError, OSError, UsageProblem) as problem:
            return f"{self.video.video_id}: {problem}"
        return ""

    @cached_property
    def _with_gold(self) -> list[PointCandidate]:
        own = [self.golds[c.candidate_id] for c in self.sampled if c.candidate_id in self.golds]
        return with_gold(self.sampled, own)

    def _is_asked(self, candidate: PointCandidate) -> bool:
        return self.questions.ask(candidate.object_id, candidate.frame_idx)

    @contextmanager
    def _frames(self) -> Iterator[Iterator[Frame]]:
        """The frames of the video that was annotated.

        Raises:
            DecodeError: it cannot be read, or is another video.
            UsageProblem: nothing is at its address.
        """
        uri = self.video.uri
        file = next((found for found in find_videos(uri)[0] if found.uri == uri), None)
        if file is None:
            raise UsageProblem(f"there is no video at {uri!r}")
        with open_video(file, VideoOpener(self.run.work)) as reader:
            yield self._same(reader)

    def _same(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if frame.image.shape[:2] != (self.video.height, self.video.width):
                size = f"{self.video.width}x{self.video.height}"
                raise DecodeError(
                    "frame_size_changes", f"{self.video.uri!r} was {size} when it was annotated and no longer is"
                )
            yield frame


def media_folder(run: RunFolder) -> Path:
    """The only folder that a server shows pictures from."""
    (run.local / "media" / QUEUE).mkdir(parents=True, exist_ok=True)
    return (run.local / "media").resolve()


def review_of_video(run: RunFolder, media: Path, key: VideoKey) -> VideoReview:
    """One video as the review sees it."""
    files = tables.GOLD.files(run.path)
    return VideoReview(run, media, key, _golds(run, tuple((file.name, file.stat().st_mtime_ns) for file in files)))


@lru_cache(1)
def _golds(run: RunFolder, _: tuple[tuple[str, int], ...]) -> dict[str, Gold]:
    """Gold by the candidate that it replaces; read again when a file has changed."""
    return {gold.of_candidate_id: gold for gold in tables.GOLD.records(tables.GOLD.read(run.path))}
