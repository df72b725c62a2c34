"""From packets and decoded frames to the frame indices of the source, with gaps where frames were lost.

A packet holds one frame. Frames come out of a decoder in display order and tell their packet, so a packet whose frame
did not come although a later one did was lost, or holds nothing to show (a hidden reference frame, a second field). It
counts as lost when it was damaged, when it was decoded from damaged frames, and when it leaves a hole in time. In a
sound video nothing is lost and frames are just counted.

A frame that is predicted from a damaged one may show anything. So it counts as lost as well, up to the next key frame;
but no longer than ``LONGEST_RECOVERY`` frames, since some streams have no further key frame.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import ceil

LONGEST_RECOVERY = 30
"""Frames behind a damaged one after which a stream without key frames is taken up again."""
MOST_B_FRAMES = 16
"""In a row, in any codec: a frame is shown behind those that are decoded before it."""
LONGEST_GAP_S = 10.0
"""A longer gap in time is a seam of joined recordings, not a loss."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What is known of a packet before it is decoded.

    Attributes:
        number: of the packets of the video, in decode order.
        order: (part of a joined recording, presentation time in ticks), by which frames are shown.
        start_s: presentation time, where the container tells it.
        counts: its frame is one of the video: it comes at or behind the first key frame and is to be shown.
        is_first: it is the first one that counts.
        is_optional: the codec may leave out its frame, so that a hole in time tells nothing.
        is_torn: data is missing in it or behind it.
        follows_loss: it is whole, but data is missing before it.
    """

    number: int
    order: tuple[int, int]
    start_s: float | None
    counts: bool = True
    is_first: bool = False
    is_optional: bool = False
    is_torn: bool = False
    follows_loss: bool = False


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """A decoded frame.

    Attributes:
        number: of its packet.
        start_s: presentation time on the container's clock.
        duration_s: how long it is shown.
        is_key: it was decoded without any other frame.
        is_corrupt: the decoder knows that it is damaged.
    """

    number: int
    start_s: float | None
    duration_s: float
    is_key: bool = False
    is_corrupt: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame stands in the video.

    Attributes:
        idx: its index.
        start_s: presentation time; it never runs backwards.
        end_s: of its presentation.
    """

    idx: int
    start_s: float
    end_s: float


@dataclass(slots=True)
class Timeline:
    """Gives frames their indices.

    Attributes:
        is_reordered: frames may be shown in another order than they are decoded in.
        n_indices: of frames so far, lost ones included.
        zero_s: presentation time of frame 0.
    """

    is_reordered: bool = False
    n_indices: int = 0
    zero_s: float = 0.0
    _waiting: dict[int, Packet] = field(default_factory=dict)
    _failed: set[int] = field(default_factory=set)
    _skipped: set[int] = field(default_factory=set)
    _damages: list[float] = field(default_factory=list)
    _recoveries: list[float] = field(default_factory=list)
    _gap: _Gap | None = None
    _is_timed: bool = False
    _latest: tuple[int, int] = (0, -(1 << 62))
    _ticking_s: list[float] = field(default_factory=list)
    _offset_s: float = 0.0
    _place: Place | None = None
    _part: int = 0

    def add(self, packet: Packet) -> None:
        """A packet goes to the decoder."""
        self._waiting[packet.number] = packet
        self._is_timed |= packet.order < self._latest
        self._latest = max(self._latest, packet.order)
        if not self._tells_order and packet.start_s is not None:
            heappush(self._ticking_s, packet.start_s)
        if packet.is_torn:
            self.fail(packet.number)
            self._gap = _Gap(packet.number)
        elif packet.follows_loss:
            insort(self._damages, packet.number - 0.5)
            self._gap = _Gap(packet.number - 1)

    @property
    def _tells_order(self) -> bool:
        """Whether packets tell presentation times. Some containers count on from packet to packet (AVI, some MP4)."""
        return self._is_timed or not self.is_reordered

    def fail(self, number: int, *, is_reference: bool = True) -> None:
        """The packet is damaged; so are the frames predicted from it, if it is a reference."""
        if number not in self._failed:
            self._failed.add(number)
            if is_reference:
                insort(self._damages, number)

    def has_failed(self, number: int) -> bool:
        """Whether the packet is damaged."""
        return number in self._failed

    def place(self, shown: DecodedFrame) -> Place | None:
        """Where the next frame in display order stands; None for a frame that counts as lost."""
        packet = self._waiting.pop(shown.number, None)
        if shown.number in self._skipped:
            return None  # it comes too late: it is counted already
        if shown.is_corrupt:
            self.fail(shown.number)
        missing = self._missing(shown, packet)
        if shown.is_key:  # no frame behind it is predicted from the leading ones before it
            leading = {p.number for p in missing if p.number > shown.number}
            self._damages = [number for number in self._damages if number not in leading]
        is_lost = self._is_lost(shown.number, is_key=shown.is_key)
        if self._gap is not None:
            self._gap.note(shown, len(missing), is_lost=is_lost)
            return None if is_lost else self._place_behind(self._gap, shown, packet)
        if missing and not self.n_indices:
            self.zero_s = min((p.start_s for p in missing if p.start_s is not None), default=0.0)
        start_s = self._on_clock(shown, packet)
        if is_lost and self._place is not None:
            start_s = self._place.end_s  # what a decoder makes of damage has any time
        if not self.n_indices and not missing:
            self.zero_s = start_s
        self.n_indices += len(missing)
        place = self._placed(start_s, shown, packet)
        return None if is_lost else place

    def end(self) -> None:
        """No frame comes any more: count those that are lost at the end."""
        self.n_indices += len(self._lost(self._waiting.values()))
        if self._gap is not None:
            self.n_indices += max(0, self._gap.length(self._place, None if self._offset_s else self._gap.until_s))

    def _placed(self, start_s: float, shown: DecodedFrame, packet: Packet | None) -> Place:
        self._part = packet.order[0] if packet else self._part
        self._place = Place(self.n_indices, start_s, start_s + shown.duration_s)
        self.n_indices += 1
        return self._place

    def _place_behind(self, gap: _Gap, shown: DecodedFrame, packet: Packet | None) -> Place | None:
        """The place of a sound frame once data is missing, by its time; None when it comes too late to be shown."""
        is_same_part = packet is None or packet.order[0] == self._part
        until_s = shown.start_s + self._offset_s if shown.start_s is not None and is_same_part else None
        n_lost = gap.length(self._place, until_s)
        if n_lost < 0:
            return None
        self.n_indices += n_lost
        if shown.number > gap.number:
            self._gap = None
        start_s = self._on_clock(shown, packet)
        if self._place is None:
            self.zero_s = start_s
        return self._placed(start_s, shown, packet)

    def _on_clock(self, shown: DecodedFrame, packet: Packet | None) -> float:
        """Its start; at a seam of joined recordings the clock continues from the previous part."""
        raw_s = shown.start_s
        if not self._tells_order and packet is not None and self._ticking_s:
            raw_s = heappop(self._ticking_s)
        before = self._place
        if raw_s is None:
            return before.end_s if before else 0.0
        if before and raw_s + self._offset_s < before.start_s:
            if packet is not None and packet.order[0] != self._part:
                self._offset_s = before.end_s - raw_s
            return before.end_s
        return raw_s + self._offset_s

    def _missing(self, shown: DecodedFrame, packet: Packet | None) -> list[Packet]:
        """Lost frames that should have been shown before that of ``packet``."""
        if packet is None:
            return []
        if self._tells_order:
            missing = [p for p in self._waiting.values() if p.order < packet.order]
        else:
            reorder = 0 if shown.is_key else MOST_B_FRAMES
            missing = [p for p in self._waiting.values() if p.number < shown.number - reorder]
        for other in missing:
            del self._waiting[other.number]
        self._fail_silent(shown, packet, [p for p in missing if p.counts and p.number not in self._failed])
        lost = self._lost(missing)
        self._skipped.update(p.number for p in lost)
        if not self._tells_order:
            self._ticking_s = sorted(self._ticking_s)[len(missing) :]
        return lost

    def _fail_silent(self, shown: DecodedFrame, packet: Packet, missing: list[Packet]) -> None:
        """Note damage of which the decoder said nothing."""
        if self._place is None:  # leading frames of the first key frame may be missing, but not that itself
            if missing and missing[0].is_first:
                self.fail(missing[0].number)
            return
        hole = float(len(missing))
        if self._tells_order and packet.order[0] == self._part and shown.start_s is not None:
            hole = (shown.start_s + self._offset_s - self._place.end_s) / max(shown.duration_s, 1e-9)
        for other in [p for p in missing if not p.is_optional][: max(0, round(hole))]:
            self.fail(other.number)

    def _lost(self, packets: Iterable[Packet]) -> list[Packet]:
        return [p for p in packets if p.counts and self._is_lost(p.number)]

    def _is_lost(self, number: int, *, is_key: bool = False) -> bool:
        """Whether a frame is damaged or predicted from a damaged one."""
        if number in self._failed:
            return True
        if not self._tells_order and self._damages:  # where it is shown among later ones is not known
            number = max(number, ceil(self._damages[-1])) if not is_key else number
        place = bisect_right(self._damages, number)
        if not place:
            return False
        damage, recovery = self._damages[place - 1], bisect_right(self._recoveries, number)
        if recovery and self._recoveries[recovery - 1] > damage:
            return False
        if not is_key and number - damage <= LONGEST_RECOVERY:
            return True
        insort(self._recoveries, number)
        return False


@dataclass(slots=True)
class _Gap:
    """Missing data, from which packets may be gone: only time tells how many frames.

    Attributes:
        number: of the packet that lost data.
        n_seen: frames that count as lost and of which something came.
        until_s: end of the last of them.
    """

    number: int
    n_seen: int = 0
    until_s: float | None = None

    def note(self, shown: DecodedFrame, n_missing: int, *, is_lost: bool) -> None:
        """A frame came."""
        self.n_seen += n_missing + is_lost
        if is_lost and shown.start_s is not None:
            self.until_s = max(self.until_s or 0.0, shown.start_s + shown.duration_s)

    def length(self, before: Place | None, until_s: float | None) -> int:
        """How many frames are lost between the last one and a time; below 0 when it is not later."""
        if before is None or until_s is None:
            return self.n_seen
        gap_s, duration_s = until_s - before.end_s, before.end_s - before.start_s
        if gap_s > LONGEST_GAP_S or duration_s <= 0:
            return self.n_seen
        return round(gap_s / duration_s)
