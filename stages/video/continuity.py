"""Whether packets of a transport stream are missing: those of a stream count on from one another, modulo 16.

Source: ISO/IEC 13818-1, section 2.4.3 (transport packet, continuity_counter, discontinuity_indicator).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SYNC, _NULL_PID = 0x47, 0x1FFF
_STRIDES = (188, 192, 204)
"""Of plain packets, of those with a time stamp in front (M2TS), and with error correction behind."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """What is missing in a piece of a transport stream; a multiple of 16 packets does not show.

    Attributes:
        within: of the stream that was asked for, packets within a frame.
        before: of the stream, packets before one that begins a frame; so it is where recordings are joined too.
        elsewhere: packets of other streams.
    """

    within: bool = False
    before: bool = False
    elsewhere: bool = False

    @classmethod
    def of(cls, data: bytes, pid: int) -> Interruption:
        """Look for missing packets of stream ``pid`` and of all others; ``data`` may begin anywhere."""
        packets = _packets(np.frombuffer(data, np.uint8))
        pids = (packets[:, 1] & 0x1F).astype(int) << 8 | packets[:, 2]
        begins, jumps = _jumps(packets[pids == pid])
        others = (_jumps(packets[pids == other])[1].any() for other in set(pids.tolist()) - {pid, _NULL_PID})
        return cls(bool((jumps & ~begins).any()), bool((jumps & begins).any()), any(others))


def _jumps(packets: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For all packets of one stream behind its first: whether one begins a frame, and whether it counts on wrongly."""
    own = packets[(packets[:, 3] & 0x10) > 0]  # packets without payload do not count on
    is_marked = ((own[:, 3] & 0x20) > 0) & (own[:, 4] > 0) & ((own[:, 5] & 0x80) > 0)
    steps = np.diff((own[:, 3] & 0x0F).astype(int)) % 16
    return (own[1:, 1] & 0x40) > 0, (steps > 1) & ~is_marked[1:]


def _packets(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, 188): the packets."""
    for stride in _STRIDES:
        n_packets = len(data) // stride - 1
        for offset in range(stride if n_packets > 0 else 0):
            rows = data[offset : offset + n_packets * stride].reshape(-1, stride)
            if (rows[:, 0] == _SYNC).all():
                return rows[:, :188]
    return np.zeros((0, 188), np.uint8)
