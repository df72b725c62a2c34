"""Pictures of a video file, through FFmpeg (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import av
import av.logging
import numpy as np
from av.container import InputContainer
from av.packet import Packet as AvPacket
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from schemas.limits import MOST_PIXELS
from stages.video.errors import DecodeError
from stages.video.files import WatchedFile
from stages.video.pictures import Image, Picture
from stages.video.streams import film_of, is_cut_off, promises_length
from stages.video.tears import TearDetector, is_seam
from stages.video.timeline import DecodedFrame, Packet, Timeline

av.logging.set_level(None)

CONTAINERS = (
    "asf,av1,avi,dv,flv,gif,h264,hevc,ivf,m4v,matroska,mjpeg,mov,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,yuv4mpegpipe"
)
"""Demuxers that may open a file. Playlists are not among them: they could reach other files and hosts."""
_LEAVE_OUT = ("flv1", "h263", "mpeg4", "msmpeg4v2", "msmpeg4v3", "theora", "vc1", "vp6f", "wmv1", "wmv2", "wmv3")
"""Codecs whose packets may say that the frame before is to stay; those are small."""
_MOST_BYTES_LEFT_OUT = 32
_MOST_BYTES_BETWEEN, _MOST_BYTES_A_SECOND = 100, 2000
"""What the heads of packets and clusters take between two frames, and those of sound a second."""
_MOST_READ_ERRORS = 100
"""One after the other, without a packet in between."""


@contextmanager
def open_container(file: WatchedFile) -> Iterator[ContainerStream]:
    """The pictures of the film in ``file``.

    Raises:
        DecodeError: ``unreadable``, ``not_a_video``, ``no_video_stream`` or ``too_large``.
    """
    try:
        container = av.open(file, mode="r", options={"format_whitelist": CONTAINERS})
    except av.FFmpegError as problem:
        file.require_sound()
        detail = f"{file.name!r} cannot be read as a video, or its index is cut off: {problem.strerror}"
        raise DecodeError("not_a_video", detail) from problem
    with container:
        yield ContainerStream(file, container, film_of(file.name, container))


class ContainerStream:
    """The film of a container. Its rate, where it tells none, is taken as 25 frames/s.

    One thread decodes: an error then belongs to the packet that was just handed in.
    """

    def __init__(self, file: WatchedFile, container: InputContainer, stream: VideoStream) -> None:
        stream.thread_count, stream.thread_type = 1, "SLICE"
        stream.codec_context.copy_opaque = True
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        self._file = file
        self._container = container
        self._stream = stream
        self.codec = stream.codec_context.name
        self.fps = float(stream.average_rate or stream.guessed_rate or 0)
        n_lasting = round((container.duration or 0) / av.time_base * self.fps)
        self.n_frames = stream.frames or n_lasting
        self.is_counted = "mp4" in container.format.name and stream.frames >= max(1, n_lasting - 1)
        self.key_frames = _key_frames(stream)
        self.truncated = False
        self._tick_s = float(stream.time_base or 0)
        self._frame_s = 1.0 / (self.fps or 25.0)
        self._timeline = Timeline(is_reordered=stream.codec_context.reorder_depth > 0)
        self._has_started = promises_length(container)  # a transport stream may begin anywhere
        self._has_counted = False
        self._before: AvPacket[VideoStream] | None = None
        self._n_other_bytes = self._latest = 0

    @property
    def n_indices(self) -> int:
        """How many frames there are, lost ones included."""
        return self._timeline.n_indices

    def pictures(self) -> Iterator[Picture]:
        """Decoded frames in display order."""
        for number, packet in enumerate(self._packets()):
            for frame in self._decode(number, packet):
                shown = self._shown(frame, number)
                place, zero_s = self._timeline.place(shown), self._timeline.zero_s
                if place is not None:
                    rotation_deg = -frame.rotation % 360
                    yield Picture(place.idx, upright(frame), place.start_s - zero_s, place.end_s - zero_s, rotation_deg)
        self._timeline.end()

    def _decode(self, number: int, packet: AvPacket[VideoStream] | None) -> list[VideoFrame]:
        """The frames that a packet completes."""
        try:
            return self._stream.decode(packet)
        except av.FFmpegError:
            self._timeline.fail(number, is_reference=packet is None or not packet.is_disposable)
            return []

    def _shown(self, frame: VideoFrame, number: int) -> DecodedFrame:
        start_s = None if frame.pts is None else frame.pts * self._tick_s
        duration_s = frame.duration * self._tick_s or self._frame_s
        own = number if frame.opaque is None else cast(Packet, frame.opaque).number
        return DecodedFrame(own, start_s, duration_s, is_key=bool(frame.key_frame), is_corrupt=frame.is_corrupt)

    def _packets(self) -> Iterator[AvPacket[VideoStream] | None]:
        """Packets, each noted on the timeline, then None, which flushes the decoder."""
        number, part, end_tick = 0, 0, 0
        tear = TearDetector(self._file, self._container, self._stream, self._frame_s)
        for packet, following, follows_loss in _with_following(self._read()):
            is_torn = tear.is_torn(packet, following)
            if packet.is_corrupt and following is None:
                self.truncated = True
                break
            noted = self._noted(number, part, packet, is_torn=is_torn, follows_loss=follows_loss)
            packet.opaque = noted  # an object of its own: PyAV knows it by its address
            self._timeline.add(noted)
            end_tick = max(end_tick, packet.pts or 0, packet.dts or 0)
            yield packet
            number += 1
            part += following is not None and is_seam(packet, following)
        self._file.require_sound()
        self.truncated |= is_cut_off(self._file, self._container, self._stream, number, end_tick)
        yield None
        self.truncated |= self._timeline.has_failed(number - 1) and not promises_length(self._container)

    def _read(self) -> Iterator[tuple[AvPacket[VideoStream], bool]]:
        """Packets, and whether data is missing before them."""
        n_errors = 0
        while n_errors < _MOST_READ_ERRORS:
            try:
                for packet in self._container.demux():
                    if packet.stream_index != self._stream.index:
                        self._n_other_bytes += packet.size
                    elif packet.size:
                        film = cast("AvPacket[VideoStream]", packet)
                        yield film, n_errors > 0 or self._skips(film)
                        n_errors = 0
                break
            except av.FFmpegError:
                n_errors += 1
        self.truncated |= n_errors > 0

    def _skips(self, packet: AvPacket[VideoStream]) -> bool:
        """Whether data before a packet was passed over, in a container that neither indexes nor counts packets."""
        before, n_other_bytes, latest = self._before, self._n_other_bytes, self._latest
        self._before, self._n_other_bytes, self._latest = packet, 0, max(latest, packet.pts or 0)
        if before is None or not self._container.format.name.startswith(("flv", "matroska")):
            return False
        if before.pos is None or packet.pos is None or packet.pts is None:
            return False
        step = 0 if packet.dts is None or before.dts is None else packet.dts - before.dts
        gap_s = max(packet.pts - latest, step) * self._tick_s
        n_skipped = packet.pos - before.pos - before.size - n_other_bytes
        return gap_s > 1.5 * self._frame_s and n_skipped > _MOST_BYTES_BETWEEN + gap_s * _MOST_BYTES_A_SECOND

    def _noted(
        self, number: int, part: int, packet: AvPacket[VideoStream], *, is_torn: bool, follows_loss: bool
    ) -> Packet:
        self._has_started |= packet.is_keyframe
        known = next((t for t in (packet.pts, packet.dts) if t is not None), None)
        ticks, start_s = number if known is None else known, None if known is None else known * self._tick_s
        counts = self._has_started and not packet.is_discard and not self._is_hidden(packet)
        is_first, self._has_counted = counts and not self._has_counted, self._has_counted or counts
        return Packet(
            number,
            (part, ticks),
            start_s,
            counts,
            is_first,
            is_optional=self.codec in _LEAVE_OUT and packet.size <= _MOST_BYTES_LEFT_OUT,
            is_torn=is_torn,
            follows_loss=follows_loss,
        )

    def _is_hidden(self, packet: AvPacket[VideoStream]) -> bool:
        """Whether a packet holds a reference frame that is never shown (VP8; RFC 6386, section 9.1)."""
        return self.codec == "vp8" and not memoryview(packet)[0] & 0x10


def _key_frames(stream: VideoStream) -> tuple[int, ...]:
    """Positions of the key frames, where the header lists every frame."""
    entries = stream.index_entries
    if len(entries) != stream.frames:
        return ()
    return tuple(number for number, entry in enumerate(entries) if entry.is_keyframe)


def _with_following(
    packets: Iterator[tuple[AvPacket[VideoStream], bool]],
) -> Iterator[tuple[AvPacket[VideoStream], AvPacket[VideoStream] | None, bool]]:
    """Every packet with the one behind it, and whether data is missing before it."""
    earlier: tuple[AvPacket[VideoStream], bool] | None = None
    for packet, follows_loss in packets:
        if earlier is not None:
            yield earlier[0], packet, earlier[1]
        earlier = packet, follows_loss
    if earlier is not None:
        yield earlier[0], None, earlier[1]


def upright(frame: VideoFrame) -> Image:
    """(H, W, 3) uint8 RGB as displayed: the display matrix maps x' = ax + cy, y' = bx + dy, to the nearest right angle.

    Source: ISO/IEC 14496-12, track header; FFmpeg ``libavutil/display.h``.
    """
    image = cast(Image, frame.to_ndarray(format="rgb24", threads=1))
    matrix = cast(Any, frame.side_data).get("DISPLAYMATRIX")
    if matrix is None:
        return image
    a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32)[:5].tolist()
    if abs(b) > abs(a):
        image, a, d = image.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
