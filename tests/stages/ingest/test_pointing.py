from __future__ import annotations

import json
import math
from collections import Counter

from stages.ingest.pointing import Sample, Word, lead_ms, meant, naming, spoken_interval_ms, within


def stroke(*times_ms: int, kf_idx: int = 0):
    """Positions that are as many thousandths right of the left edge as ms have gone by."""
    return tuple(Sample(t / 1000, 0.5, t, kf_idx) for t in times_ms)


def times(strokes):
    return [[sample.time_ms for sample in one] for one in strokes]


def test_the_interval_sorts_words_by_time_and_ends_at_the_word_after_the_last_match():
    words = [Word(6, 9, 300), Word(0, 5, 100), Word(10, 14, 500)]
    assert spoken_interval_ms(words, 0, 5) == (100, 300)
    assert spoken_interval_ms(words, 4, 7) == (100, 500)
    assert spoken_interval_ms(words, 10, 12) == (500, math.inf)
    assert spoken_interval_ms(words, 5, 6) is None


def test_a_stroke_is_split_where_it_leaves_the_interval():
    assert times(within([stroke(100, 250, 150), stroke(200, 300)], (100, 200))) == [[100], [150], [200]]


def test_the_lead_runs_from_the_first_position_to_the_first_word_in_time():
    words = [Word(5, 9, 900), Word(0, 4, 700)]
    assert lead_ms(words, [stroke(600, 800), stroke(300, 500)]) == 400


def test_a_narrator_who_speaks_first_or_rests_long_has_no_lead():
    assert lead_ms([Word(0, 4, 100)], [stroke(200)]) == 0
    assert lead_ms([Word(0, 4, 2000)], [stroke(200)]) == 0
    assert lead_ms([], [stroke(200)]) == 0


def test_a_stroke_that_lasts_longer_after_the_interval_belongs_to_the_next_words():
    under_way, inside, last, next_one = stroke(50, 120), stroke(200, 300), stroke(380, 400, 410), stroke(390, 400, 450)
    assert times(meant([under_way, inside, last, next_one], (100, 400))) == [[120], [200, 300], [380, 400]]


def test_an_actor_is_named_by_the_first_visit_to_each_keyframe():
    strokes = [
        stroke(*range(0, 50, 10)),
        stroke(*range(60, 100, 10)),
        stroke(*range(100, 150, 10), kf_idx=2),
        stroke(*range(200, 290, 10)),
    ]
    assert times(naming(strokes, math.inf)) == [[*range(0, 50, 10)], [*range(60, 100, 10)], [*range(100, 150, 10)]]


def test_a_visit_ends_when_the_actor_is_named():
    strokes = [stroke(*range(0, 50, 10)), stroke(*range(60, 100, 10)), stroke(*range(200, 250, 10), kf_idx=1)]
    assert times(naming(strokes, 55)) == [[*range(0, 50, 10)], [*range(200, 250, 10)]]


def test_a_keyframe_that_was_only_passed_keeps_all_its_strokes():
    strokes = [stroke(0, 10, kf_idx=3), stroke(*range(20, 90, 10)), stroke(100, 110, kf_idx=3)]
    assert times(naming(strokes, 500)) == [[*range(20, 90, 10)], [0, 10], [100, 110]]


def plain_points(raw: dict, span: list[int]) -> Counter:
    """Keyframe, time and position of the points of a noun, by the plain definition."""
    by_time = sorted(raw["time_alignment"], key=lambda word: word["start_ms"])
    overlaps = [w["referenced_word_start_idx"] < span[1] and w["referenced_word_end_idx"] > span[0] for w in by_time]
    if not any(overlaps):
        return Counter()
    last = max(i for i, hit in enumerate(overlaps) if hit)
    begin = by_time[overlaps.index(True)]["start_ms"]
    end = (by_time[last + 1 : last + 2] or [{"start_ms": 10**15}])[0]["start_ms"]
    start = raw["recording_start_time_ms_since_epoch"]
    return Counter(
        (p["kf_idx"], p["x"], p["y"], p["time_ms_since_epoch"] - start)
        for t in raw["traces"]
        for p in t
        if begin <= p["time_ms_since_epoch"] - start <= end
    )


def test_real_spoken_intervals_hold_the_points_of_the_plain_definition(shared_data):
    n_compared = 0
    for narrative in map(json.loads, (shared_data / "vidln/vidln_sample.jsonl").read_text().splitlines()):
        for raw in narrative["actor_narratives"]:
            start = raw["recording_start_time_ms_since_epoch"]
            words = [
                Word(w["referenced_word_start_idx"], w["referenced_word_end_idx"], w["start_ms"])
                for w in raw["time_alignment"]
            ]
            strokes = [
                tuple(Sample(p["x"], p["y"], p["time_ms_since_epoch"] - start, p["kf_idx"]) for p in trace)
                for trace in raw["traces"]
            ]
            for span in raw["noun_segments"]:
                interval = spoken_interval_ms(words, *span)
                found = within(strokes, interval) if interval else []
                got = Counter((s.kf_idx, s.x_norm, s.y_norm, s.time_ms) for one in found for s in one)
                assert got == plain_points(raw, span)
                n_compared += bool(got)
    assert n_compared > 26
