"""Pictures of a video file, through FFmpeg (PyAV)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import av
import av.logging
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stages.frames.errors import DecodeError
from stages.frames.files import WatchedFile
from stages.frames.pictures import Image, Picture

av.logging.set_level(None)

CONTAINERS = "asf,avi,flv,h264,hevc,ivf,m4v,matroska,mjpeg,mov,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,yuv4mpegpipe"
"""Demuxers that may open a file. Playlists are not among them: they could reach other files and hosts."""


@contextmanager
def open_container(file: WatchedFile, threads: int) -> Iterator[ContainerStream]:
    """The pictures of the first video stream of ``file``.

    Raises:
        DecodeError: ``unreadable``, ``not_a_video`` or ``no_video_stream``.
    """
    try:
        container = av.open(file, mode="r", options={"format_whitelist": CONTAINERS})
    except av.FFmpegError as problem:
        file.require_sound()
        detail = f"{file.name!r} is no video that can be read, or its index is cut off: {problem.strerror}"
        raise DecodeError("not_a_video", detail) from problem
    with container:
        yield ContainerStream(file, container, _video_stream(file.name, container), threads)


class ContainerStream:
    """The first video stream of a container. Its rate, where it tells none, is taken as 25 frames/s.

    A file that was cut off shows by a cut packet or by less than its header promises: packets, or a length (Matroska).
    MPEG-TS promises nothing: cut exactly between two packets it looks whole.
    """

    def __init__(self, file: WatchedFile, container: InputContainer, stream: VideoStream, threads: int) -> None:
        stream.thread_count = threads
        stream.thread_type = "FRAME" if threads > 1 else "SLICE"
        self._file = file
        self._container = container
        self._stream = stream
        self.codec = stream.codec_context.name
        self.fps = float(stream.average_rate or stream.guessed_rate or 0)
        self.n_frames = stream.frames or round((container.duration or 0) / av.time_base * self.fps)
        self.damaged = False
        self._n_packets = 0
        self._tick_s = float(stream.time_base or 0)
        self._frame_s = 1.0 / (self.fps or 25.0)

    def pictures(self) -> Iterator[Picture]:
        """Decoded frames in display order, up to the first gap that damage tore among reordered frames."""
        end_s: float | None = None
        for frame in self._frames():
            start_s = (end_s or 0.0) if frame.pts is None else frame.pts * self._tick_s
            if self.damaged and end_s is not None and start_s > end_s + self._frame_s / 2:
                return
            end_s = start_s + (frame.duration * self._tick_s or self._frame_s)
            yield Picture(_upright(frame), start_s, end_s, -frame.rotation % 360)

    def _frames(self) -> Iterator[VideoFrame]:
        """Whole frames: damage is skipped before the first frame and ends the video after it."""
        started = False
        for packet in self._packets():
            for frame in self._decode(packet):
                if frame is not None:
                    started = True
                    yield frame
                elif started:
                    self._file.require_sound()
                    self.damaged = True
                    return
        self.damaged |= self._n_packets > 0 and not started

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame | None]:
        """The frames that a packet completes; None stands for damage."""
        try:
            return [None if frame.is_corrupt else frame for frame in self._stream.decode(packet)]
        except av.FFmpegError:
            return [None]

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Whole packets, then None, which flushes the decoder."""
        end_s = 0.0
        try:
            for packet in self._container.demux(self._stream):
                if packet.size and not packet.is_corrupt:
                    self._n_packets += 1
                    end_s = max(end_s, ((packet.pts or 0) + (packet.duration or 0)) * self._tick_s)
                    yield packet
                elif packet.is_corrupt and self._n_packets:
                    self.damaged = True
                    break
        except av.FFmpegError:
            self.damaged = True
        self._file.require_sound()
        self.damaged |= self._n_packets < self._stream.frames or end_s < _promised_s(self._stream) - 2 * self._frame_s
        yield None


def _promised_s(stream: VideoStream) -> float:
    """The length that a Matroska tag (``00:01:02.5``) promises, 0.0 without one."""
    clock = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    return sum(float(part) * unit for part, unit in zip(clock.groups(), (3600, 60, 1), strict=True)) if clock else 0.0


def _upright(frame: VideoFrame) -> Image:
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


def _video_stream(uri: str, container: InputContainer) -> VideoStream:
    """The first video stream; the cover picture of an audio file is none."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kinds = " and ".join(sorted({s.type for s in container.streams if s.type != "video"})) or "nothing"
        raise DecodeError("no_video_stream", f"{uri!r} holds {kinds} and no video")
    return streams[0]
