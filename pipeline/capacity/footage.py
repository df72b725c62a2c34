"""What is known of the videos of a run before they are decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from pipeline.runs.filesystems import open_binary
from pipeline.runs.storage import is_remote
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from stages.ingest.placing import FrameFacts
from stages.localize.searching import frames_to_search
from stages.video import DecodeError, Probe, probe

_AT_ONCE = 8
_LONGEST_GAP = 250
"""Frames between key frames, at most, as x264 and most encoders set it."""


@dataclass(frozen=True, slots=True)
class Footage:
    """One video.

    Attributes:
        job: its localizations.
        n_frames: as its container says; 0 when that is not known or the video cannot be read.
        height: in pixels; 0 when it cannot be read.
        width: in pixels.
        problem: why it cannot be read.
        key_frames: their numbers, where the container lists them.
    """

    job: VideoJob
    n_frames: int
    height: int
    width: int
    problem: DecodeError | None = None
    key_frames: tuple[int, ...] = ()

    def rejects(self) -> list[Reject]:
        """The video itself when it cannot be read."""
        if self.problem is None:
            return []
        return [Reject("decode", self.job.video_id, self.problem.error, self.problem.detail, self.job.file.uri)]

    @property
    def is_open_ended(self) -> bool:
        """Whether the video can be read but its container does not say how long it is."""
        return bool(self.pixels) and not self.n_frames

    @property
    def least_frames(self) -> int:
        """As many frames as the video has at least: to the last localized one where its length is unknown."""
        return max(self.localized(), default=0) + 1 if self.is_open_ended else self.n_frames

    @property
    def pixels(self) -> int:
        """Of a frame."""
        return self.height * self.width

    @property
    def frame_jpeg_bytes(self) -> float:
        """Of a frame as JPEG: its own, or half a byte a pixel."""
        own = self.job.file.frames and self.job.file.frames[0].lower().endswith((".jpg", ".jpeg"))
        return self.job.file.n_bytes / len(self.job.file.frames) if own else 0.5 * self.pixels

    def localized(self) -> dict[int, int]:
        """Frame → number of objects that are localized there."""
        objects: dict[int, set[str]] = {}
        for localization in self.job.localizations:
            for frame_idx in frames_to_search(localization, self.n_frames):
                objects.setdefault(frame_idx, set()).add(localization.object_id)
        return {idx: len(ids) for idx, ids in objects.items() if self.is_open_ended or idx < max(self.n_frames, 1)}

    def object_steps(self) -> int:
        """How often one object is propagated by one frame, all objects and both directions together.

        Masks end at a cut, and where the cuts are is likely told by the key frames.
        """
        starts = [0, *_likely_cuts(self.key_frames), self.least_frames]
        return sum(
            _steps_within(shot, frames) for frames in self._localized_by_object().values() for shot in pairwise(starts)
        )

    def _localized_by_object(self) -> dict[str, set[int]]:
        frames: dict[str, set[int]] = {}
        for localization in self.job.localizations:
            searched = frames_to_search(localization, self.n_frames)
            frames.setdefault(localization.object_id, set()).update(searched)
        return frames


def _steps_within(shot: tuple[int, int], frames: Iterable[int]) -> int:
    """From the first localized frame to the end of the shot, and from the last one to its start."""
    start, end = shot
    inside = [idx for idx in frames if start <= idx < end]
    return end - min(inside) + max(inside) - start if inside else 0


def _likely_cuts(key_frames: Sequence[int]) -> list[int]:
    """Key frames that an encoder set before it had to: most do so at a cut.

    >>> _likely_cuts([0, 12, 24, 29, 41, 53]), _likely_cuts([0, 30, 76, 137]), _likely_cuts([0, 250, 500])
    ([29], [30, 76, 137], [])
    """
    gaps = Counter(after - before for before, after in pairwise(key_frames))
    regular = {gap for gap, times in gaps.most_common(1) if times > 1}
    return [
        after
        for before, after in pairwise(key_frames)
        if after - before < _LONGEST_GAP and after - before not in regular
    ]


def probe_videos(jobs: Sequence[VideoJob]) -> list[Footage]:
    """Read the headers and first frames of all videos, several at once; the order is kept."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_probe_video, jobs))


def frame_facts(files: Sequence[VideoFile]) -> dict[str, FrameFacts]:
    """Sizes and numbers of frames of the videos that can be read, by video id."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(files, pool.map(_probed, files), strict=True)
        return {
            file.video_id: FrameFacts(one.width, one.height, one.n_frames if one.is_counted else 0, file.frames)
            for file, one in found
            if isinstance(one, Probe)
        }


def _probe_video(job: VideoJob) -> Footage:
    found = _probed(job.file)
    if isinstance(found, DecodeError):
        return Footage(job, 0, 0, 0, found)
    return Footage(job, found.n_frames, found.height, found.width, key_frames=found.key_frames)


@cache
def _probed(file: VideoFile) -> Probe | DecodeError:
    """The facts of a video, looked at once a command; or why it cannot be read."""
    try:
        return probe(file, open_binary if is_remote(file.uri) else None)
    except DecodeError as problem:
        return problem
