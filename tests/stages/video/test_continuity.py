from __future__ import annotations

import pytest

from stages.video.continuity import Interruption


def packet(pid: int, counter: int, *, begins: bool = False, marked: bool = False) -> bytes:
    head = bytes([0x47, (0x40 if begins else 0) | pid >> 8, pid & 0xFF])
    body = bytes([0x30 | counter % 16, 7, 0x80]) if marked else bytes([0x10 | counter % 16, 0, 0])
    return (head + body).ljust(188, b"\xff")


def stream(
    numbers: list[int], begins: frozenset[int] = frozenset(), marked: frozenset[int] = frozenset()
) -> list[bytes]:
    return [packet(256, number, begins=number in begins, marked=number in marked) for number in numbers]


NOTHING = Interruption()


@pytest.mark.parametrize(
    ("packets", "found"),
    [
        (stream([*range(40)]), NOTHING),
        (stream([*range(9), *range(12, 40)]), Interruption(within=True)),
        (stream([*range(9), *range(12, 40)], begins=frozenset([12])), Interruption(before=True)),
        (stream([*range(9), *range(12, 40)], marked=frozenset([12])), NOTHING),
        (stream([*range(9), 8, *range(9, 40)]), NOTHING),  # a packet may be sent twice
        (stream([*range(9), *range(25, 40)]), NOTHING),  # 16 missing packets do not show
        ([*stream([*range(20)]), packet(0, 3), packet(0, 5), packet(0, 6)], Interruption(elsewhere=True)),
        ([*stream([*range(20)]), packet(0x1FFF, 3), packet(0x1FFF, 9)], NOTHING),
        ([], NOTHING),
    ],
)
@pytest.mark.parametrize(("front", "behind"), [(b"", b""), (b"\x01\x02\x03\x04", b""), (b"", bytes(16))])
def test_missing_packets_show_in_the_counters_of_their_stream(packets, found, front, behind):
    data = b"".join(front + one + behind for one in [*packets, *packets[-1:]])
    assert Interruption.of(data, 256) == found


def test_a_piece_may_begin_within_a_packet():
    data = b"".join(stream([*range(9), *range(12, 40)]))
    assert Interruption.of(data[100:], 256) == Interruption(within=True)
