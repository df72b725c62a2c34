"""A few frames of a video, by index."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from schemas.frames import Frame
from schemas.video_files import VideoFile
from stages.video.errors import DecodeError
from stages.video.files import Opener, open_local, read_bytes
from stages.video.reader import open_video
from stages.video.stills import is_plain_jpeg


def selected_frames(file: VideoFile, indices: Collection[int], opener: Opener | None = None) -> Iterator[Frame]:
    """The frames at ``indices``, ascending; those that the video does not have are left out.

    A video file is decoded up to the last of them, since seeking is not exact in every container. Of a folder of
    frames only the files that are asked for are read; frames behind a damaged one are not seen here, but a sequential
    pass ends there.

    Raises:
        DecodeError: as of :func:`open_video`.
    """
    frames = _from_folder(file, sorted(indices), opener) if file.frames else _from_container(file, indices, opener)
    yield from frames


def frame_as_jpeg(file: VideoFile, idx: int, opener: Opener | None = None) -> bytes | None:
    """The file of a frame that was decoded before, where it can be shown as it is; None: decode it and make a JPEG.

    Raises:
        DecodeError: it cannot be read.
    """
    if idx >= len(file.frames):
        return None
    data = read_bytes(file.frames[idx], opener or open_local)
    return data if is_plain_jpeg(data) else None


def about_n_frames(file: VideoFile, opener: Opener | None = None) -> int:
    """As the header says, or the length; 0 when that is not known.

    Raises:
        DecodeError: the file cannot be opened.
    """
    with open_video(file, opener) as reader:
        return reader.source.n_frames


def _from_container(file: VideoFile, indices: Collection[int], opener: Opener | None) -> Iterator[Frame]:
    last, wanted = max(indices, default=-1), frozenset(indices)
    if not wanted:
        return
    with open_video(file, opener) as reader:
        for frame in reader:
            if frame.idx in wanted:
                yield frame
            if frame.idx >= last:
                return


def _from_folder(file: VideoFile, indices: list[int], opener: Opener | None) -> Iterator[Frame]:
    there = [idx for idx in indices if idx < len(file.frames)]
    if not there:
        return
    part = replace(file, frames=tuple(file.frames[idx] for idx in there))
    try:
        with open_video(part, opener) as reader:
            for frame in reader:
                yield replace(frame, idx=there[frame.idx])
    except DecodeError as error:
        if error.error != "damaged":  # the first that is wanted need not be the first of the video
            raise
