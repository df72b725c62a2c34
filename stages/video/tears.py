"""Packets that lost data on their way, as the container tells."""

from __future__ import annotations

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from stages.video.continuity import Interruption
from stages.video.files import WatchedFile

_LEAST_GAP = 1.5
"""In frames, from which on one may be missing."""
_LONGEST_STEP = 1.9
"""In frames, in a program stream: its rate is constant, but a telecined film shows every other frame longer."""
_AROUND_BYTES, _MARGIN_BYTES, _MOST_BYTES = 1 << 19, 2 * 204, 1 << 25


class TearDetector:
    """Looks at the packets of one stream in turn.

    FFmpeg flags a packet of a transport stream once the next frame begins, so the damaged one is the next; and it
    flags nothing when the beginning of a frame is missing, where only time shows a gap. Frames may be left out
    of a sound stream too, so the file is looked at again there. A program stream (MPEG) has a constant rate: a gap in
    time is a loss.
    """

    def __init__(self, file: WatchedFile, container: InputContainer, stream: VideoStream, frame_s: float) -> None:
        self._file = file
        self._pid = stream.id if container.format.name == "mpegts" else None
        self._is_steady = container.format.name == "mpeg"
        self._tick_s = float(stream.time_base or 0)
        self._frame_s = frame_s
        self._is_next_torn = False

    def is_torn(self, packet: Packet[VideoStream], following: Packet[VideoStream] | None) -> bool:
        """Whether data is missing in a packet, or between it and the following one."""
        if self._pid is None:
            return packet.is_corrupt or (self._is_steady and self._gap(packet, following) > _LONGEST_STEP)
        was_flagged, self._is_next_torn = self._is_next_torn, packet.is_corrupt
        gap = self._gap(packet, following)
        if following is None or (not was_flagged and gap < _LEAST_GAP):
            return was_flagged
        found = Interruption.of(self._around(packet, following, 0 if was_flagged else _AROUND_BYTES), self._pid)
        if not was_flagged:
            return found.within or found.before or found.elsewhere
        is_seam = gap < 0 or (following.is_keyframe and gap < _LEAST_GAP)
        return found.within or not is_seam

    def _gap(self, packet: Packet[VideoStream], following: Packet[VideoStream] | None) -> float:
        """From one packet to the next, in frames; 1.0 when that is not known."""
        if following is None or packet.dts is None or following.dts is None:
            return 1.0
        return (following.dts - packet.dts) * self._tick_s / self._frame_s

    def _around(self, packet: Packet[VideoStream], following: Packet[VideoStream], n_bytes: int) -> bytes:
        """The bytes from one packet to the next, and more on either side."""
        start, end = max(0, (packet.pos or 0) - n_bytes), (following.pos or 0) + n_bytes + _MARGIN_BYTES
        return self._file.piece(start, min(end - start, _MOST_BYTES)) if end > start else b""


def is_seam(packet: Packet[VideoStream], following: Packet[VideoStream]) -> bool:
    """Whether time jumps back, as where recordings were joined."""
    return packet.dts is not None and following.dts is not None and following.dts < packet.dts
