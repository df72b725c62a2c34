"""Which part of a narrator's pointing belongs to which words.

A narrator goes over the keyframes once a phrase ("a brown tiger", "with black stripes", "fights the other tiger"), and
points a little before speaking. The spoken interval of a noun therefore ends with the first strokes of the next
phrase and lacks the first of its own; and the whole trace of an actor holds all that the actor is said to touch, wear
or fight. So intervals are moved by the narrator's own lead, strokes that belong to the next words are left out, and of
an actor only the strokes that name it are kept. All times are in ms of the recording.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

Interval = tuple[float, float]
MAX_LEAD_MS = 1500
"""A first stroke that is longer ago than this was no pointing at what is said."""
MIN_VISIT = 5
"""Samples; the pointer passes over a keyframe with fewer."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded position of the mouse; ``x_norm`` and ``y_norm`` in [0, 1], ``time_ms`` of the recording."""

    x_norm: float
    y_norm: float
    time_ms: int
    kf_idx: int


Stroke = tuple[Sample, ...]
"""Positions of one drag on one keyframe, at least one."""


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word: characters [start_idx, end_idx) of the caption, spoken from ``start_ms``."""

    start_idx: int
    end_idx: int
    start_ms: int


def spoken_interval_ms(words: Iterable[Word], start_idx: int, end_idx: int) -> Interval | None:
    """When the characters [start_idx, end_idx) were spoken: up to the next word's start.

    The last word's end is open (infinite). None when no word overlaps the span.
    """
    ordered = sorted(words, key=lambda word: word.start_ms)
    hits = [i for i, word in enumerate(ordered) if word.start_idx < end_idx and start_idx < word.end_idx]
    if not hits:
        return None
    following = ordered[hits[-1] + 1 :]
    return ordered[hits[0]].start_ms, following[0].start_ms if following else math.inf


def within(strokes: Sequence[Stroke], interval: Interval) -> list[Stroke]:
    """What was drawn in the interval, both ends included; a stroke is split where it leaves the interval."""
    start, end = interval
    return [
        tuple(run)
        for stroke in strokes
        for kept, run in groupby(stroke, key=lambda sample: start <= sample.time_ms <= end)
        if kept
    ]


def lead_ms(words: Iterable[Word], strokes: Sequence[Stroke]) -> float:
    """How long before the words the narrator points: from the first sample to the first word, if that is short.

    >>> lead_ms([Word(0, 1, 900)], [(Sample(0.5, 0.5, 400, 0),)])
    500
    """
    first_word = min((word.start_ms for word in words), default=0)
    lead = first_word - min(stroke[0].time_ms for stroke in strokes)
    return lead if 0 <= lead <= MAX_LEAD_MS else 0


def meant(strokes: Sequence[Stroke], interval: Interval) -> list[Stroke]:
    """What was drawn in the interval, without strokes that begin in it and last longer after it than in it.

    Those belong to what is said next.
    """
    start, end = interval
    own = [s for s in strokes if s[0].time_ms < start or end - s[0].time_ms >= s[-1].time_ms - end]
    return within(own, interval)


def naming(strokes: Sequence[Stroke], end_ms: float) -> list[Stroke]:
    """What was drawn to name the actor: on every keyframe the first visit, as far as it was over at ``end_ms``.

    A keyframe that was not visited by then keeps its first visit, and one that was only ever passed keeps everything.
    """
    first: dict[int, list[Stroke]] = {}
    ordered = sorted(strokes, key=lambda stroke: stroke[0].time_ms)
    for kf_idx, run in groupby(ordered, key=lambda stroke: stroke[0].kf_idx):
        visit = list(run)
        if sum(map(len, visit)) >= MIN_VISIT:
            first.setdefault(kf_idx, meant(visit, (-math.inf, end_ms)) or visit)
    for stroke in ordered:
        first.setdefault(stroke[0].kf_idx, [s for s in ordered if s[0].kf_idx == stroke[0].kf_idx])
    return [stroke for kf_idx in sorted(first) for stroke in first[kf_idx]]
