"""The file names of a video's frames, where it is a folder of frames."""

from __future__ import annotations

from pathlib import Path

from schemas.videos import Video
from stages.video.corpus import find_local, group_files
from stages.video.frame_names import FrameNames


def names_of(video: Video) -> FrameNames:
    """The frames of a video by their names."""
    return FrameNames(frame_names(video))


def frame_names(video: Video) -> tuple[str, ...]:
    """The names that the run keeps; for a run that is too old to keep them, those that its source has now."""
    return video.frame_names or _names_in(Path(video.uri), video.n_frames)


def _names_in(folder: Path, n_frames: int) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    try:
        found, _ = group_files(find_local(str(folder)), str(folder))
    except OSError:
        return ()
    own = [video.frames for video in found if Path(video.uri) == folder]
    return own[0] if own and len(own[0]) == n_frames else ()
