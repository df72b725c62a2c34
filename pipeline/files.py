"""Where videos come from: local paths, or any file system that Beam reads (gs://, s3://, hdfs://, memory:// …)."""

from __future__ import annotations

import os
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
        place = pattern if is_remote(pattern) else os.path.abspath(pattern)  # noqa: PTH100 - keeps links and globs
        sized = _match_remote(place) if is_remote(place) else find_local(place)
        videos, rejects = group_files(sized, place)
    except (OSError, ValueError) as problem:
        raise UsageProblem(f"cannot read VIDEOS {pattern!r}: {problem}") from None
    if not videos and not rejects:
        raise UsageProblem(
            f"no videos at {pattern!r}; give a video file, a folder of videos or of frame folders, or a glob"
        )
    return videos, rejects


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
