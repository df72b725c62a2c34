"""Jobs: the videos that have localizations, each with the hash that its result is known by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.runs.storage import is_remote
from schemas.digests import digest
from schemas.jobs import VideoJob
from schemas.localizations import Localization
from schemas.video_files import VideoFile

_ENDS_BYTES = 1 << 16


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
