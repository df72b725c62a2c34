"""Jobs: the videos that have localizations, each with the hash that its result is known by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pipeline.runs.filesystems import open_binary
from pipeline.runs.storage import is_remote
from schemas.digests import digest
from schemas.jobs import VideoJob
from schemas.localizations import Localization
from schemas.video_files import VideoFile

_ENDS_BYTES = 1 << 16
_AT_ONCE = 16


def make_jobs(
    videos: Sequence[VideoFile], matched: Mapping[str, Sequence[Localization]], config_hash: str
) -> list[VideoJob]:
    """Jobs for the videos that have localizations, longest first, so that workers end together."""
    files = [file for file in videos if matched.get(file.video_id)]
    with ThreadPoolExecutor(_AT_ONCE if any(is_remote(file.uri) for file in files) else 1) as pool:
        fingerprints = list(pool.map(_fingerprint, files))
    jobs = [
        _job(file, tuple(matched[file.video_id]), config_hash, found)
        for file, found in zip(files, fingerprints, strict=True)
    ]
    return sorted(jobs, key=lambda job: (-job.file.n_bytes, job.video_id))


def _job(
    file: VideoFile, localizations: tuple[Localization, ...], config_hash: str, fingerprint: Sequence[object]
) -> VideoJob:
    hints = sorted(repr(replace(loc, input_uri="")) for loc in localizations)
    return VideoJob(file, localizations, digest(config_hash, file.video_id, *fingerprint, *hints))


def _fingerprint(file: VideoFile) -> list[object]:
    """What changes when the video changes: sizes, and both ends of the (first) file; the same after a copy."""
    paths = file.frames or (file.uri,)
    return [file.n_bytes, len(paths), *_ends(paths[0])]


def _ends(path: str) -> tuple[str, ...]:
    try:
        with open_binary(path) as opened:
            head = opened.read(_ENDS_BYTES)
            opened.seek(max(0, opened.seek(0, os.SEEK_END) - _ENDS_BYTES))
            return hashlib.sha256(head).hexdigest(), hashlib.sha256(opened.read()).hexdigest()
    except OSError:
        return ()  # the decoder will say what is wrong with it
