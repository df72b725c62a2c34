"""What the studio works on: the videos of a run with their frames, hints and results."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.capacity.footage import frame_facts
from pipeline.config import RunConfig
from pipeline.runs.filesystems import find_videos
from pipeline.runs.folder import RunFolder
from pipeline.runs.inputs import read_inputs
from pipeline.runs.names import unit_name
from pipeline.runs.units import unit_file, videos_of
from pipeline.studio.frame_cache import FrameCache
from pipeline.studio.hint_file import HintFile
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.ingest.placing import FrameFacts
from verification_ui.gate.refusals import Refusal

HINTS = "hints.json"
"""The file of a run's hints, in its folder."""


@dataclass
class Workspace:
    """One run, open.

    Attributes:
        run: its folder.
        config: its config.
        files: all videos, in order.
        rejects: files that are no videos.
        hint_file: the hints that the studio writes.
        on_frames_ready: called when more frames of a video are ready.
    """

    run: RunFolder
    config: RunConfig
    files: list[VideoFile]
    rejects: list[Reject]
    hint_file: HintFile
    on_frames_ready: Callable[[FrameCache], None] = lambda _: None
    _caches: dict[str, FrameCache] = field(default_factory=dict)
    _facts: dict[str, FrameFacts] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, run: RunFolder, config: RunConfig) -> Workspace:
        """Find the videos and read the hints.

        Raises:
            UsageProblem: there are no videos, or the file of hints is something else.
        """
        files, rejects = cls.require_videos(config)
        try:
            hint_file = HintFile.read(run.path / HINTS)
        except Refusal as problem:
            raise UsageProblem(str(problem)) from None
        return cls(run, config, files, rejects, hint_file)

    @staticmethod
    def require_videos(config: RunConfig) -> tuple[list[VideoFile], list[Reject]]:
        """All videos, at least one, and files that are none.

        Raises:
            UsageProblem: there are no videos.
        """
        files, rejects = find_videos(config.videos)
        if not files:
            raise UsageProblem(f"no video at {config.videos!r} can be read: {rejects[0].detail}")
        return files, rejects

    @property
    def owns_hints(self) -> bool:
        """The run is made from the hints that the studio writes, not from another file."""
        given, own = self.config.localizations, self.hint_file.path.absolute()
        return Path(given).absolute() == own if isinstance(own, Path) else given == str(own)

    @property
    def frames_folder(self) -> Path:
        """Where frames that are ready to be shown lie."""
        return self.run.local / "studio" / "frames"

    def file(self, number: int) -> VideoFile:
        """A video by its place in the list.

        Raises:
            Refusal: there is none.
        """
        if not 0 <= number < len(self.files):
            raise Refusal(f"there is no video {number}", 404)
        return self.files[number]

    def frames(self, file: VideoFile, is_opened: bool = False) -> FrameCache:
        """The frames of a video. One pass goes on at a time: that of the video that was opened last.

        Args:
            file: the video.
            is_opened: it is the one that people look at now; late requests for another one do not change that.
        """
        with self._lock:
            found = self._caches.get(file.video_id)
            if found is None:
                found = FrameCache(file, self.frames_folder, self._frames_ready)
                self._caches = {file.video_id: found, **self._caches}
            if is_opened:
                self._caches[file.video_id] = self._caches.pop(file.video_id)
            others = [other for other in self._caches.values() if other is not found]
            for other in others if is_opened else ():
                other.may_run.clear()
        found.start(may_run=is_opened or not any(other.is_running for other in others))
        self._resume_latest()
        return found

    def _frames_ready(self, cache: FrameCache) -> None:
        self.on_frames_ready(cache)
        self._resume_latest()

    def _resume_latest(self) -> None:
        """Where no pass goes on, that of the video which was opened last does."""
        with self._lock:
            waiting = [cache for cache in self._caches.values() if not cache.is_done]
            if waiting and not any(cache.is_running for cache in waiting):
                waiting[-1].may_run.set()

    def close(self) -> None:
        """End all passes over videos."""
        with self._lock:
            caches, self._caches = list(self._caches.values()), {}
        for cache in caches:
            cache.close()

    def facts(self, file: VideoFile) -> FrameFacts | None:
        """Size and length as the header says; None when the video cannot be read."""
        with self._lock:
            if file.video_id not in self._facts:
                self._facts |= frame_facts([file])
            return self._facts.get(file.video_id)

    def known_facts(self, file: VideoFile) -> FrameFacts | None:
        """Size and length, if somebody has asked for them before."""
        return self._facts.get(file.video_id)

    def tracked(self, file: VideoFile) -> Video | None:
        """What the run knows of a video that is annotated."""
        units = tables.VIDEOS.files(self.run.path, f"{unit_name(file.video_id, '*')}.parquet")
        found = tables.VIDEOS.records(tables.VIDEOS.read_files(units))
        return next((video for video in found if video.video_id == file.video_id), None)

    def all_tracked(self) -> dict[str, Video]:
        """All annotated videos, by id."""
        return {video.video_id: video for video in videos_of(self.run)}

    def job(self, file: VideoFile) -> VideoJob:
        """What ``annotate`` makes of the hints of a video.

        Raises:
            Refusal: there are none that can be used.
        """
        try:
            inputs = read_inputs(self.config)
        except UsageProblem as problem:
            raise Refusal(str(problem), 409) from None
        found = next((job for job in inputs.jobs(self.config) if job.video_id == file.video_id), None)
        if found is None:
            raise Refusal(f"{file.video_id} has no hints; click on an object first", 409)
        return found

    def names(self, video: Video) -> dict[str, str]:
        """Object id → name or expression, of an annotated video."""
        rows = unit_file(self.run, tables.LOCALIZATIONS, video)
        found = tables.LOCALIZATIONS.read_files([rows] if rows.is_file() else [])
        columns = (found[name].to_pylist() for name in ("object_id", "object_name", "expression"))
        names: dict[str, str] = {}
        for object_id, name, expression in zip(*columns, strict=True):
            names[object_id] = names.get(object_id) or name or expression
        return names
