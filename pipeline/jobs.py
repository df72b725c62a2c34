"""What one worker does at a time: one video with its localizations, and the name of its result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.files import is_remote
from pipeline.run_folder import digest, unit_name
from schemas.localizations import Localization
from stages.corpus import VideoFile

_ENDS_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class VideoJob:
    """One video, its localizations and its unit hash (input and settings)."""

    file: VideoFile
    localizations: tuple[Localization, ...]
    unit: str

    @property
    def video_id(self) -> str:
        """The video's id."""
        return self.file.video_id

    @property
    def stem(self) -> str:
        """File stem of the unit."""
        return unit_name(self.video_id, self.unit)

    @property
    def n_objects(self) -> int:
        """Objects that are localized in it."""
        return len({loc.object_id for loc in self.localizations})


def make_jobs(
    videos: Sequence[VideoFile], matched: Mapping[str, Sequence[Localization]], config_hash: str
) -> list[VideoJob]:
    """Jobs for the videos that have localizations, longest first, so that workers end together."""
    jobs = [_job(file, tuple(matched[file.video_id]), config_hash) for file in videos if matched.get(file.video_id)]
    return sorted(jobs, key=lambda job: (-job.file.n_bytes, job.video_id))


def _job(file: VideoFile, localizations: tuple[Localization, ...], config_hash: str) -> VideoJob:
    hints = sorted(repr(replace(loc, input_uri="")) for loc in localizations)
    return VideoJob(file, localizations, digest(config_hash, file.video_id, *_fingerprint(file), *hints))


def _fingerprint(file: VideoFile) -> list[object]:
    """What changes when the video changes: sizes, and both ends of the (first) file; the same after a copy."""
    paths = file.frames or (file.uri,)
    return [file.n_bytes, len(paths), *(() if is_remote(file.uri) else _ends(Path(paths[0])))]


def _ends(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as opened:
            head = opened.read(_ENDS_BYTES)
            opened.seek(max(0, path.stat().st_size - _ENDS_BYTES))
            return hashlib.sha256(head).hexdigest(), hashlib.sha256(opened.read()).hexdigest()
    except OSError:
        return ()  # the decoder will say what is wrong with it
