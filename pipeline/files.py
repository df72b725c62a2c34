"""Where videos come from: local paths, or any file system that Beam reads (gs://, s3://, hdfs://, memory:// …)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pipeline.console import UsageProblem
from schemas.rejects import Reject
from stages.corpus import SizedPath, VideoFile, find_local, group_files


def is_remote(uri: str) -> bool:
    """True for ``scheme://`` paths."""
    return "://" in uri


def find_videos(pattern: str) -> tuple[list[VideoFile], list[Reject]]:
    """All videos of a file, folder or glob, by absolute addresses: a run's later commands may come from elsewhere.

    Raises:
        UsageProblem: nothing is there, or the file system is not installed.
    """
    try:
        sized = _match_remote(pattern) if is_remote(pattern) else find_local(pattern)
        videos, rejects = group_files(sized, pattern)
    except (OSError, ValueError) as problem:
        raise UsageProblem(f"cannot read VIDEOS {pattern!r}: {problem}") from None
    if not videos and not rejects:
        raise UsageProblem(
            f"no videos at {pattern!r}; give a video file, a folder of videos or of frame folders, or a glob"
        )
    return [_from_anywhere(video) for video in videos], rejects


def _from_anywhere(video: VideoFile) -> VideoFile:
    """A local video by its absolute address; links stay as they are."""
    if is_remote(video.uri):
        return video
    uri, *frames = map(os.path.abspath, (video.uri, *video.frames))
    return replace(video, uri=uri, frames=tuple(frames))


def _match_remote(pattern: str) -> list[SizedPath]:
    from apache_beam.io.filesystems import FileSystems

    has_glob = any(c in pattern for c in "*?[")
    patterns = [pattern] if has_glob else [pattern, pattern.rstrip("/") + "/**"]
    found = {m.path: m.size_in_bytes for match in FileSystems.match(patterns) for m in match.metadata_list}
    return sorted(found.items())


def open_binary(uri: str) -> BinaryIO:
    """Open a local or remote file for reading; remote files can seek where their file system can."""
    if is_remote(uri):
        from apache_beam.io.filesystems import FileSystems

        opened: BinaryIO = FileSystems.open(uri, mime_type="application/octet-stream")
        return opened
    return Path(uri).open("rb")
