"""Video Localized Narratives: captions spoken while the mouse traces what they name.

One JSON object a line, for one video and annotator; each of its actors is an object, and each noun of an actor's
caption is one too. Source: Video Localized Narratives, data format (google.github.io/video-localized-narratives).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from schemas.localizations import Localization, Trace
from stages.ingest.documents import parse_json
from stages.ingest.edges import clip, is_near_frame
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame_idx, items, listed, number, text, whole
from stages.ingest.parsed import Parsed

BACKGROUND = "background"
ACTORS_GROUP = "actors"
Interval = tuple[float, float]
WHOLE_MS: Interval = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded position of the mouse; ``x_norm`` and ``y_norm`` in [0, 1]."""

    x_norm: float
    y_norm: float
    time_ms: int
    kf_idx: int


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word: characters [start_idx, end_idx) of the caption, spoken from ``start_ms`` of the recording."""

    start_idx: int
    end_idx: int
    start_ms: int


@dataclass(frozen=True, slots=True)
class Actor:
    """The narrative of one actor: what was said, when, and where the mouse was. ``start_ms`` since the epoch."""

    name: str
    caption: str
    start_ms: int
    words: tuple[Word, ...]
    traces: tuple[tuple[Sample, ...], ...]


def parse(content: str, input_uri: str) -> Parsed:
    """Localizations of every actor (``a0``, ``a1`` ... in file order within a video) and noun (``a0n3``).

    A noun that got no trace point takes its actor's whole trace (rule ``noun_actor_fallback``).
    """
    parsed = Parsed(input_uri)
    n_actors: Counter[str] = Counter()
    seen: dict[int, int] = {}
    for line, raw in enumerate(content.split("\n"), start=1):
        if not raw.strip():
            continue
        with parsed.entry(f"{PurePosixPath(input_uri).name}:{line}"):
            first = seen.setdefault(hash(raw.strip()), line)
            if first != line:
                raise IngestError("duplicate_entry", f"line {line} repeats line {first}")
            _read_narrative(parse_json(raw, f"line {line}"), n_actors, parsed)
    return parsed


def _read_narrative(narrative: Any, n_actors: Counter[str], parsed: Parsed) -> None:
    video_id = f"{text(narrative, 'dataset_id')}/{text(narrative, 'video_id')}"
    keyframes = items(narrative, "keyframe_names")
    for raw in items(narrative, "actor_narratives"):
        actor_id = f"a{n_actors[video_id]}"
        n_actors[video_id] += 1
        spans = raw.get("noun_segments") if isinstance(raw, dict) else None
        spans = spans if isinstance(spans, list) else []
        noun_ids = [f"{actor_id}n{i}" for i in range(len(spans))]
        with parsed.entry(*(f"{video_id}/{object_id}" for object_id in (actor_id, *noun_ids))):
            actor = _read_actor(raw)
            parsed.localizations += _localize_actor(actor, actor_id, video_id, keyframes, parsed.input_uri)
            for noun_id, span in zip(noun_ids, spans, strict=True):
                with parsed.entry(f"{video_id}/{noun_id}"):
                    parsed.localizations += _localize_noun(actor, span, noun_id, video_id, keyframes, parsed.input_uri)


def _read_actor(raw: Any) -> Actor:
    name = text(raw, "actor_name")
    if name.strip().lower() == BACKGROUND:
        raise IngestError("background_narrative", "the background is no object, and its nouns are not objects either")
    words = tuple(
        Word(
            whole(field(word, "referenced_word_start_idx"), "referenced_word_start_idx"),
            whole(field(word, "referenced_word_end_idx"), "referenced_word_end_idx"),
            whole(field(word, "start_ms"), "start_ms"),
        )
        for word in items(raw, "time_alignment")
    )
    start_ms = whole(field(raw, "recording_start_time_ms_since_epoch"), "recording_start_time_ms_since_epoch")
    return Actor(name, text(raw, "caption"), start_ms, words, tuple(_read_traces(items(raw, "traces"))))


def _read_traces(traces: Sequence[Any]) -> Iterator[tuple[Sample, ...]]:
    """The recorded traces, clipped to the frame; positions far outside it cut a trace in two."""
    samples = [[_read_sample(point) for point in listed(trace, "trace")] for trace in traces]
    if not any(samples):
        raise IngestError("empty_trace", "no trace point was recorded")
    near = [
        list(run)
        for trace in samples
        for is_near, run in groupby(trace, key=lambda s: is_near_frame(s.x_norm, s.y_norm))
        if is_near
    ]
    if not near:
        raise IngestError("outside_image", "every trace point lies outside the image; x and y must be in [0, 1]")
    return (tuple(Sample(*clip(s.x_norm, s.y_norm), s.time_ms, s.kf_idx) for s in run) for run in near)


def _read_sample(point: Any) -> Sample:
    return Sample(
        number(field(point, "x"), "x"),
        number(field(point, "y"), "y"),
        whole(field(point, "time_ms_since_epoch"), "time_ms_since_epoch"),
        whole(field(point, "kf_idx"), "kf_idx"),
    )


def _localize_actor(
    actor: Actor, object_id: str, video_id: str, keyframes: Sequence[Any], input_uri: str
) -> list[Localization]:
    return [
        Localization(
            video_id, object_id, idx, trace, actor.name, actor.caption.strip(), ACTORS_GROUP, "actor_trace", input_uri
        )
        for idx, trace in _traces_by_frame(actor, WHOLE_MS, keyframes)
    ]


def _localize_noun(
    actor: Actor, span: Any, object_id: str, video_id: str, keyframes: Sequence[Any], input_uri: str
) -> list[Localization]:
    start_idx, end_idx = _read_span(span, actor.caption)
    noun = actor.caption[start_idx:end_idx].strip()
    interval = spoken_interval_ms(actor.words, start_idx, end_idx)
    rule = "noun_trace"
    traces = _traces_by_frame(actor, interval, keyframes) if interval else []
    if not traces:
        rule = "noun_actor_fallback"
        traces = _traces_by_frame(actor, WHOLE_MS, keyframes)
    return [
        Localization(video_id, object_id, idx, trace, noun, noun, rule=rule, input_uri=input_uri)
        for idx, trace in traces
    ]


def _read_span(span: Any, caption: str) -> tuple[int, int]:
    if not isinstance(span, list) or len(span) != 2:
        raise IngestError("bad_noun_span", f"noun span {span!r} is not [start, end)")
    start_idx, end_idx = (whole(v, "noun span") for v in span)
    if not 0 <= start_idx < end_idx <= len(caption) or not caption[start_idx:end_idx].strip():
        raise IngestError("bad_noun_span", f"noun span {span} marks no text of the {len(caption)} character caption")
    return start_idx, end_idx


def spoken_interval_ms(words: Iterable[Word], start_idx: int, end_idx: int) -> Interval | None:
    """When the characters [start_idx, end_idx) were spoken, in ms of the recording: up to the next word's start.

    The last word's end is open (infinite). None when no word overlaps the span.
    """
    ordered = sorted(words, key=lambda word: word.start_ms)
    hits = [i for i, word in enumerate(ordered) if word.start_idx < end_idx and start_idx < word.end_idx]
    if not hits:
        return None
    following = ordered[hits[-1] + 1 :]
    return ordered[hits[0]].start_ms, following[0].start_ms if following else math.inf


def _traces_by_frame(actor: Actor, interval_ms: Interval, keyframes: Sequence[Any]) -> list[tuple[int, Trace]]:
    """(frame_idx, trace) of the samples recorded in the interval, both ends included.

    A part ends where time leaves the interval, where the keyframe changes and where a recorded trace ends.
    """
    from_ms, to_ms = (actor.start_ms + t for t in interval_ms)
    parts: dict[int, list[list[Sample]]] = defaultdict(list)
    for trace in actor.traces:
        for (kept, kf_idx), run in groupby(trace, key=lambda s: (from_ms <= s.time_ms <= to_ms, s.kf_idx)):
            if kept:
                parts[kf_idx].append(list(run))
    return [(_frame_of(kf_idx, keyframes), _trace(parts[kf_idx])) for kf_idx in sorted(parts)]


def _frame_of(kf_idx: int, keyframes: Sequence[Any]) -> int:
    if not 0 <= kf_idx < len(keyframes):
        raise IngestError("unknown_keyframe", f"kf_idx {kf_idx} is not one of the {len(keyframes)} keyframe_names")
    return frame_idx(str(keyframes[kf_idx]))


def _trace(parts: Sequence[Sequence[Sample]]) -> Trace:
    return Trace(
        tuple(tuple((s.x_norm, s.y_norm) for s in part) for part in parts),
        tuple(tuple(s.time_ms for s in part) for part in parts),
    )
