"""Where videos come from: local paths, or any file system that Beam reads (gs://, s3://, hdfs://, memory:// …)."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

from pipeline.console import UsageProblem
from schemas.rejects import Reject
from stages.corpus import VideoFile, find_local, group_files


def is_remote(uri: str) -> bool:
    """True for ``scheme://`` paths."""
    return "://" in uri


def find_videos(pattern: str) -> tuple[list[VideoFile], list[Reject]]:
    """All videos of a file, folder or glob.

    Raises:
        UsageProblem: nothing is there, or the file system is not installed.
    """
    try:
        videos, rejects = _find_remote(pattern) if is_remote(pattern) else find_local(pattern)
    except (OSError, ValueError) as problem:
        raise UsageProblem(f"cannot read VIDEOS {pattern!r}: {problem}") from None
    if not videos and not rejects:
        raise UsageProblem(
            f"no videos at {pattern!r}; give a video file, a folder of videos or of frame folders, or a glob"
        )
    return videos, rejects


def _find_remote(pattern: str) -> tuple[list[VideoFile], list[Reject]]:
    from apache_beam.io.filesystems import FileSystems

    has_glob = any(c in pattern for c in "*?[")
    patterns = [pattern] if has_glob else [pattern, pattern.rstrip("/") + "/**"]
    found = {m.path: m.size_in_bytes for match in FileSystems.match(patterns) for m in match.metadata_list}
    return group_files(sorted(found.items()), pattern)


def open_binary(uri: str) -> BinaryIO:
    """Open a local or remote file for reading; remote files can seek where their file system can."""
    if is_remote(uri):
        from apache_beam.io.filesystems import FileSystems

        return cast(BinaryIO, FileSystems.open(uri, mime_type="application/octet-stream"))
    return Path(uri).open("rb")
