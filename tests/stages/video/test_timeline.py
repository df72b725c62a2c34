from __future__ import annotations

from stages.video.timeline import LONGEST_RECOVERY, DecodedFrame, Packet, Timeline


def run(
    timeline: Timeline, order: list[int], shown: list[int], keys: set[int], failed: set[int] = frozenset()
) -> dict[int, int]:
    """Packets in decode order with the ticks ``order``, then frames by packet number; packet number → index."""
    for number, ticks in enumerate(order):
        timeline.add(Packet(number, (0, ticks), ticks / 25, is_first=not number))
    for number in failed:
        timeline.fail(number)
    places = {n: timeline.place(DecodedFrame(n, order[n] / 25, 1 / 25, is_key=n in keys)) for n in shown}
    timeline.end()
    return {number: place.idx for number, place in places.items() if place}


def test_frames_of_a_sound_video_are_counted_in_display_order():
    timeline = Timeline(is_reordered=True)
    assert run(timeline, [0, 3, 1, 2], [0, 2, 3, 1], {0}) == {0: 0, 2: 1, 3: 2, 1: 3}
    assert timeline.n_indices == 4


def test_a_hidden_frame_leaves_no_gap():
    timeline = Timeline()
    for number, (ticks, counts) in enumerate([(0, True), (1, False), (1, True), (2, True)]):
        timeline.add(Packet(number, (0, ticks), ticks / 25, counts, is_first=not number))
    places = [timeline.place(DecodedFrame(n, t / 25, 1 / 25)) for n, t in ((0, 0), (2, 1), (3, 2))]
    assert [place.idx for place in places if place] == [0, 1, 2]


def test_second_fields_leave_no_gap():
    timeline = Timeline()
    for number in range(6):
        timeline.add(Packet(number, (0, number), number / 25, is_first=not number))
    places = [timeline.place(DecodedFrame(n, n / 25, 2 / 25, is_key=n == 0)) for n in (0, 2, 4)]
    assert [place.idx for place in places if place] == [0, 1, 2]


def test_a_packet_that_leaves_a_hole_in_time_was_lost_even_if_the_decoder_says_nothing():
    timeline = Timeline()
    assert run(timeline, [0, 1, 2, 3, 4], [0, 1, 3, 4], {0, 3}) == {0: 0, 1: 1, 3: 3, 4: 4}
    assert timeline.n_indices == 5


def test_leading_frames_of_the_first_key_frame_are_not_counted():
    timeline = Timeline(is_reordered=True)
    assert run(timeline, [3, 1, 2, 4], [0, 3], {0}) == {0: 0, 3: 1}


def test_frames_at_the_end_that_failed_are_counted():
    timeline = Timeline()
    assert run(timeline, [0, 1, 2, 3], [0, 1], {0}, failed={2, 3}) == {0: 0, 1: 1}
    assert timeline.n_indices == 4


def test_a_stream_without_key_frames_is_taken_up_again_after_a_while():
    timeline = Timeline()
    numbers = list(range(50))
    found = run(timeline, numbers, [n for n in numbers if n != 5], {0}, failed={5})
    assert found == {n: n for n in numbers if n < 5 or n > 5 + LONGEST_RECOVERY}


def test_the_clock_goes_on_at_a_seam():
    timeline = Timeline()
    for number, (part, ticks) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        timeline.add(Packet(number, (part, ticks), ticks / 25, is_first=not number))
    places = [
        timeline.place(DecodedFrame(n, t / 25, 1 / 25, is_key=t == 0)) for n, t in ((0, 0), (1, 1), (2, 0), (3, 1))
    ]
    assert [(place.idx, round(place.start_s * 25)) for place in places if place] == [(0, 0), (1, 1), (2, 2), (3, 3)]
