"""One frame out of the middle of a video file, without decoding all that is before it.

Seeking is not exact in every container, so what it finds is believed only when its pixels are those that a sequential
pass found at that index: a :class:`FrameMark` remembers them.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from schemas.frames import Frame
from schemas.limits import MOST_PIXELS
from schemas.video_files import VideoFile
from stages.video.containers import CONTAINERS, upright
from stages.video.files import Opener, open_local, open_watched
from stages.video.pictures import Image
from stages.video.selected import selected_frames
from stages.video.streams import film_of

_AROUND_S = 0.2
"""Presentation times of one frame may differ by this much between a pass and a seek."""
_MOST_DECODED = 20_000
"""Frames from the key frame on."""
_MOST_TRIED = 60
"""Frames among which the first one is looked for."""


@dataclass(frozen=True, slots=True)
class FrameMark:
    """A frame as a sequential pass found it.

    Attributes:
        idx: 0-based decode index.
        time_s: presentation time, frame 0 at 0 s.
        checksum: of its pixels, see :func:`checksum`.
    """

    idx: int
    time_s: float
    checksum: int


def mark_of(frame: Frame) -> FrameMark:
    """What :func:`frame_at` needs to know a frame again."""
    return FrameMark(frame.idx, frame.time_s, checksum(frame.image))


def checksum(image: Image) -> int:
    """Of the pixels of an (H, W, 3) uint8 image."""
    return zlib.adler32(np.ascontiguousarray(image).data)


def frames_between(file: VideoFile, marks: Sequence[FrameMark], opener: Opener | None = None) -> Iterator[Frame]:
    """The frames that ``marks``, in order, were made of; those of the container from the key frame before the first.

    Raises:
        DecodeError: the video cannot be decoded any more.
        LookupError: the file has changed.
    """
    open_marks = list(marks)
    if not file.frames:
        with closing(_sought(file, open_marks, opener or open_local)) as found:
            for image in found:
                yield Frame(open_marks[0].idx, open_marks[0].time_s, image)
                del open_marks[0]
    for mark, frame in zip(open_marks, selected_frames(file, [mark.idx for mark in open_marks], opener), strict=False):
        if checksum(frame.image) != mark.checksum:
            raise LookupError(f"frame {mark.idx} of {file.uri!r} differs from before: the file has changed")
        yield frame


def frame_at(file: VideoFile, mark: FrameMark, opener: Opener | None = None) -> Image:
    """The (H, W, 3) uint8 RGB pixels of one frame, exactly; see :func:`frames_between`."""
    found = next(frames_between(file, [mark], opener), None)
    if found is None:
        raise LookupError(f"frame {mark.idx} of {file.uri!r} is missing: the file has changed")
    return found.image


def _sought(file: VideoFile, marks: Sequence[FrameMark], opener: Opener) -> Generator[Image, None, None]:
    """The frames from the first mark on, as long as each is what its mark says."""
    try:
        with (
            open_watched(file.uri, opener) as watched,
            av.open(watched, mode="r", options={"format_whitelist": CONTAINERS}) as container,
        ):
            stream = film_of(file.uri, container)
            stream.thread_count, stream.thread_type = 1, "SLICE"
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            yield from _matching(_from(container, stream, marks[0]), [mark.checksum for mark in marks])
    except av.FFmpegError:
        return


def _matching(images: Iterator[Image], checksums: Sequence[int]) -> Iterator[Image]:
    """From the first image with the first checksum on, as many as follow each other with theirs."""
    n_found = 0
    for number, image in enumerate(images):
        is_next = checksum(image) == checksums[n_found]
        if is_next:
            yield image
            n_found += 1
        if n_found == len(checksums) or (not is_next and (n_found or number > _MOST_TRIED)):
            return


def _from(container: InputContainer, stream: VideoStream, mark: FrameMark) -> Iterator[Image]:
    """The frames shown from about the time of ``mark`` on."""
    tick_s = float(stream.time_base or 0)
    if not tick_s:
        return
    at_s = (stream.start_time or 0) * tick_s + mark.time_s
    container.seek(max(0, round((at_s - _AROUND_S / 2) / tick_s)), stream=stream)
    for number, frame in enumerate(container.decode(stream)):
        if frame.pts is None or number > _MOST_DECODED:
            return
        if frame.pts * tick_s >= at_s - _AROUND_S:
            yield upright(frame)
