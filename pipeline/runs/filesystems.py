"""Where videos come from: local paths, or any file system that Beam reads (gs://, s3://, hdfs:// …)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from pipeline.runs.storage import is_remote, open_object, require_packages
from pipeline.runs.stores import find
from pipeline.terminal.console import UsageProblem
from schemas.rejects import Reject
from schemas.video_files import VideoFile
from stages.video.corpus import SizedPath, find_local, group_files, unreadable_folder


def find_videos(pattern: str) -> tuple[list[VideoFile], list[Reject]]:
    """All videos of a file, folder or glob, by absolute addresses: a run's later commands may come from elsewhere.

    Raises:
        UsageProblem: nothing is there, or the file system is not installed.
    """
    unlisted: list[OSError] = []
    try:
        sized = _find_remote(pattern) if is_remote(pattern) else find_local(pattern, unlisted.append)
        videos, rejects = group_files(sized, pattern, _is_animated)
        rejects += [unreadable_folder(error, pattern) for error in unlisted]
    except (OSError, ValueError) as problem:
        raise UsageProblem(f"cannot read VIDEOS {pattern!r}: {problem}") from None
    if not videos and not rejects:
        raise UsageProblem(
            f"no videos at {pattern!r}, which holds {_kinds(sized)}; "
            "give a video file, a folder of videos or of frame folders, or a glob"
        )
    return [_from_anywhere(video) for video in videos], rejects


def _is_animated(uri: str) -> bool:
    """Whether a GIF holds more than one picture."""
    try:
        with open_binary(uri) as opened, Image.open(opened, formats=("GIF",)) as image:
            return bool(getattr(image, "is_animated", False))
    except (OSError, ValueError):
        return False


def _kinds(files: Iterable[SizedPath]) -> str:
    """How many files of which extensions, most first."""
    counts = Counter(os.path.splitext(path)[1].lower() or "files without extension" for path, _ in files)  # noqa: PTH122
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common(5)) or "no files"


def _from_anywhere(video: VideoFile) -> VideoFile:
    """A local video by its absolute address; links stay as they are."""
    if is_remote(video.uri):
        return video
    uri, *frames = map(os.path.abspath, (video.uri, *video.frames))
    return replace(video, uri=uri, frames=tuple(frames))


def _find_remote(pattern: str) -> list[SizedPath]:
    require_packages(pattern.partition("://")[0], f"VIDEOS {pattern!r}")
    return [(found.address, found.st_size) for found in find(pattern)]


def open_binary(uri: str) -> BinaryIO:
    """Open a local file, or an object that is read here and there."""
    return open_object(uri) if is_remote(uri) else Path(uri).open("rb")
