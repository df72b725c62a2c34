"""Which stream of a container is the film, and whether the file is all there."""

from __future__ import annotations

from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from schemas.limits import require_size
from stages.video.errors import DecodeError
from stages.video.files import WatchedFile

_NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_SEGMENT_ID = bytes.fromhex("18538067")
_HEAD_BYTES = 4096


def film_of(uri: str, container: InputContainer) -> VideoStream:
    """The stream that a player shows: of those marked as default the largest, else the largest of all.

    Cover pictures and thumbnails are never it. Of equally large streams the first one is taken.

    Raises:
        DecodeError: ``no_video_stream``, ``not_a_video`` or ``too_large``.
    """
    streams = [s for s in container.streams.video if not s.disposition & _NO_FILM]
    if not streams:
        kinds = " and ".join(sorted({s.type for s in container.streams if s.type != "video"})) or "nothing"
        raise DecodeError("no_video_stream", f"{uri!r} holds {kinds} and no video")
    readable = [s for s in streams if s.codec_context is not None]
    if not readable:
        raise DecodeError(
            "not_a_video", f"{uri!r} holds video in a format that no decoder knows, or its header is damaged"
        )
    film = max(readable, key=lambda s: (bool(s.disposition & Disposition.default), _n_pixels(s)))
    try:
        require_size(f"video {uri!r}", film.codec_context.height or 1, film.codec_context.width or 1)
    except ValueError as problem:
        raise DecodeError("too_large", str(problem)) from None
    return film


def _n_pixels(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height


def is_cut_off(
    file: WatchedFile, container: InputContainer, stream: VideoStream, n_packets: int, end_tick: int
) -> bool:
    """Whether the file ends before what its header promises; asked when all packets were read.

    MP4 promises packets by its index (frames that an edit list leaves out are not in there), AVI and Matroska a size in
    bytes, AVI of more than one part a length too, others a number of frames or nothing at all. So a transport stream
    that was cut between two packets looks whole.
    """
    kind = container.format.name
    if kind.startswith("mov"):
        return n_packets < len(stream.index_entries)
    if kind == "avi":
        first_end = 8 + int.from_bytes(file.piece(4, 4), "little")
        return file.n_bytes < first_end or (file.n_bytes > first_end + 8 and end_tick + 2 < (stream.duration or 0))
    if kind.startswith("matroska"):
        return file.n_bytes < _segment_end(file)
    return n_packets < stream.frames


def promises_length(container: InputContainer) -> bool:
    """Whether :func:`is_cut_off` knows; elsewhere a damaged last packet means that the end is cut off."""
    return container.format.name.startswith(("mov", "avi", "matroska"))


def _segment_end(file: WatchedFile) -> int:
    """Where the Matroska segment ends; 0 where it does not tell.

    Source: RFC 8794, section 6 (element data size), and RFC 9559, section 5.1.
    """
    head = file.piece(0, _HEAD_BYTES)
    start = head.find(_SEGMENT_ID) + len(_SEGMENT_ID)
    if start < len(_SEGMENT_ID) or start >= len(head) or not head[start]:
        return 0
    n_size_bytes = 9 - head[start].bit_length()
    size = int.from_bytes(head[start : start + n_size_bytes], "big") & ((1 << 7 * n_size_bytes) - 1)
    is_unknown = size == (1 << 7 * n_size_bytes) - 1
    return 0 if is_unknown else start + n_size_bytes + size
