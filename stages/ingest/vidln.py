"""Video Localized Narratives: captions spoken while the mouse traces what they name.

One JSON object a line, for one video and annotator; each of its actors is an object, and each noun of an actor's
caption is one too. Source: Video Localized Narratives, data format (google.github.io/video-localized-narratives).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from schemas.groups import another_name
from schemas.localizations import Localization, Trace
from schemas.rejects import BACKGROUND_NARRATIVE
from stages.ingest.documents import parse_json
from stages.ingest.edges import clip, is_near_frame
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame_named, items, listed, number, text, whole
from stages.ingest.parsed import Parsed
from stages.ingest.pointing import Sample, Stroke, Word, lead_ms, meant, naming, spoken_interval_ms, within

BACKGROUND = "background"
ACTORS_GROUP = "actors"


@dataclass(frozen=True, slots=True)
class Actor:
    """The narrative of one actor: what was said, when, and where the mouse was. ``start_ms`` since the epoch."""

    name: str
    caption: str
    start_ms: int
    words: tuple[Word, ...]
    strokes: tuple[Stroke, ...]

    @property
    def lead_ms(self) -> float:
        """How long before the words this narrator points."""
        return lead_ms(self.words, self.strokes)


def parse(content: str, input_uri: str) -> Parsed:
    """Localizations of every actor (``a0``, ``a1`` ... in file order within a video) and noun (``a0n3``).

    A noun that got no trace point takes its actor's whole trace (rule ``noun_actor_fallback``). One that means an
    actor, its own as "man" in "A man in a hat", or another whose name it is, excludes the others as that actor does.
    The narrative of the background is skipped, with its nouns.
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
    narratives = items(narrative, "actor_narratives")
    actor_ids = [f"a{n_actors[video_id] + i}" for i in range(len(narratives))]
    n_actors[video_id] += len(narratives)
    called = _called(narratives, actor_ids)
    for raw, actor_id in zip(narratives, actor_ids, strict=True):
        if _is_background(raw):
            parsed.reject(
                f"{video_id}/{actor_id}", BACKGROUND_NARRATIVE, "neither the background nor its nouns are objects"
            )
            continue
        spans = raw.get("noun_segments") if isinstance(raw, dict) else None
        spans = spans if isinstance(spans, list) else []
        noun_ids = [f"{actor_id}n{i}" for i in range(len(spans))]
        with parsed.entry(*(f"{video_id}/{object_id}" for object_id in (actor_id, *noun_ids))):
            actor = _read_actor(raw)
            source = _Source(video_id, keyframes, actor.start_ms, parsed.input_uri)
            parsed.localizations += _localize_actor(actor, actor_id, spans, source)
            names = _names(actor, spans)
            others = {name: other_id for name, other_id in called.items() if other_id != actor_id}
            for noun_id, raw_span in zip(noun_ids, spans, strict=True):
                with parsed.entry(f"{video_id}/{noun_id}"):
                    span = _read_span(raw_span, actor.caption)
                    meant_id = actor_id if span in names else others.get(actor.caption[slice(*span)].strip().lower())
                    group = another_name(ACTORS_GROUP, meant_id) if meant_id else ""
                    parsed.localizations += _localize_noun(actor, noun_id, span, group, source)


def _called(narratives: Sequence[Any], actor_ids: Sequence[str]) -> dict[str, str]:
    """Name in lower case → id, of the actors that share their name with no other."""
    names = [str(raw.get("actor_name", "")).strip().lower() if isinstance(raw, dict) else "" for raw in narratives]
    return {name: actor_id for name, actor_id in zip(names, actor_ids, strict=True) if names.count(name) == 1}


def _is_background(raw: Any) -> bool:
    return isinstance(raw, dict) and str(raw.get("actor_name", "")).strip().lower() == BACKGROUND


def _read_actor(raw: Any) -> Actor:
    name = text(raw, "actor_name")
    words = tuple(
        Word(
            whole(field(word, "referenced_word_start_idx"), "referenced_word_start_idx"),
            whole(field(word, "referenced_word_end_idx"), "referenced_word_end_idx"),
            whole(field(word, "start_ms"), "start_ms"),
        )
        for word in items(raw, "time_alignment")
    )
    start_ms = whole(field(raw, "recording_start_time_ms_since_epoch"), "recording_start_time_ms_since_epoch")
    strokes = tuple(_read_strokes(items(raw, "traces"), start_ms))
    return Actor(name, text(raw, "caption"), start_ms, words, strokes)


def _read_strokes(traces: Sequence[Any], start_ms: int) -> Iterator[Stroke]:
    """The recorded traces, clipped to the frame; positions far outside it, and a new keyframe, cut a trace in two."""
    samples = [[_read_sample(point, start_ms) for point in listed(trace, "trace")] for trace in traces]
    if not any(samples):
        raise IngestError("empty_trace", "no trace point was recorded")
    near = [
        list(run)
        for trace in samples
        for (is_near, _), run in groupby(trace, key=lambda s: (is_near_frame(s.x_norm, s.y_norm), s.kf_idx))
        if is_near
    ]
    if not near:
        raise IngestError("outside_image", "every trace point lies outside the image; x and y must be in [0, 1]")
    return (tuple(Sample(*clip(s.x_norm, s.y_norm), s.time_ms, s.kf_idx) for s in run) for run in near)


def _read_sample(point: Any, start_ms: int) -> Sample:
    return Sample(
        number(field(point, "x"), "x"),
        number(field(point, "y"), "y"),
        whole(field(point, "time_ms_since_epoch"), "time_ms_since_epoch") - start_ms,
        whole(field(point, "kf_idx"), "kf_idx"),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a narrative stands: its video, its keyframes' names, the start of its recording since the epoch."""

    video_id: str
    keyframes: Sequence[Any]
    start_ms: int
    input_uri: str

    def traces(self, strokes: Sequence[Stroke]) -> Iterator[tuple[tuple[int, str], Trace]]:
        """((frame_idx, frame name), trace) of every keyframe that has strokes."""
        by_keyframe: dict[int, list[Stroke]] = defaultdict(list)
        for stroke in strokes:
            by_keyframe[stroke[0].kf_idx].append(stroke)
        for kf_idx in sorted(by_keyframe):
            yield _frame_of(kf_idx, self.keyframes), self._trace(by_keyframe[kf_idx])

    def _trace(self, strokes: Sequence[Stroke]) -> Trace:
        return Trace(
            tuple(tuple((s.x_norm, s.y_norm) for s in stroke) for stroke in strokes),
            tuple(tuple(self.start_ms + s.time_ms for s in stroke) for stroke in strokes),
        )


def _localize_actor(actor: Actor, object_id: str, spans: Sequence[Any], source: _Source) -> Iterator[Localization]:
    expression = actor.caption.strip()
    for (idx, name), trace in source.traces(naming(actor.strokes, _named_ms(actor, spans))):
        yield Localization(
            source.video_id,
            object_id,
            idx,
            trace,
            actor.name,
            expression,
            ACTORS_GROUP,
            "actor_trace",
            source.input_uri,
            name,
        )


def _names(actor: Actor, spans: Sequence[Any]) -> list[tuple[int, int]]:
    """The nouns that mean the actor itself: the first, and those after it as long as they are words of its name."""
    name = set(actor.name.lower().split())
    found: list[tuple[int, int]] = []
    for span in spans:
        try:
            start_idx, end_idx = _read_span(span, actor.caption)
        except IngestError:
            continue  # rejected as a noun, where nouns are read
        if found and not name & set(actor.caption[start_idx:end_idx].lower().split()):
            break
        found.append((start_idx, end_idx))
    return found


def _named_ms(actor: Actor, spans: Sequence[Any]) -> float:
    """When the narrator has named the actor."""
    spoken = [spoken_interval_ms(actor.words, *span) for span in _names(actor, spans)]
    return max((interval[1] for interval in spoken if interval), default=math.inf) - actor.lead_ms


def _localize_noun(
    actor: Actor, object_id: str, span: tuple[int, int], group: str, source: _Source
) -> Iterator[Localization]:
    noun = actor.caption[slice(*span)].strip()
    rule, strokes = _noun_strokes(actor, span)
    place = _place(actor.caption, span)
    for (idx, name), trace in source.traces(strokes):
        yield Localization(
            source.video_id,
            object_id,
            idx,
            trace,
            noun,
            noun,
            group,
            rule,
            source.input_uri,
            name,
            noun_span=place,
        )


def _place(caption: str, span: tuple[int, int]) -> tuple[int, int]:
    """Where a noun is in the caption without the blanks around it, and without blanks of its own.

    >>> _place(" A dog runs", (2, 7))
    (2, 5)
    """
    words = caption[slice(*span)]
    start = span[0] + len(words) - len(words.lstrip()) - (len(caption) - len(caption.lstrip()))
    return start, start + len(words.strip())


def _noun_strokes(actor: Actor, span: tuple[int, int]) -> tuple[str, Sequence[Stroke]]:
    """The rule that found strokes for a noun, and these."""
    interval = spoken_interval_ms(actor.words, *span)
    if interval is not None:
        earlier = (interval[0] - actor.lead_ms, interval[1] - actor.lead_ms)
        if strokes := meant(actor.strokes, earlier):
            return "noun_trace", strokes
        if strokes := within(actor.strokes, interval):
            return "noun_spoken_trace", strokes
    return "noun_actor_fallback", actor.strokes


def _read_span(span: Any, caption: str) -> tuple[int, int]:
    if not isinstance(span, list) or len(span) != 2:
        raise IngestError("bad_noun_span", f"noun span {span!r} is not [start, end)")
    start_idx, end_idx = (whole(v, "noun span") for v in span)
    if not 0 <= start_idx < end_idx <= len(caption) or not caption[start_idx:end_idx].strip():
        raise IngestError("bad_noun_span", f"noun span {span} marks no text of the {len(caption)} character caption")
    return start_idx, end_idx


def _frame_of(kf_idx: int, keyframes: Sequence[Any]) -> tuple[int, str]:
    if not 0 <= kf_idx < len(keyframes):
        raise IngestError("unknown_keyframe", f"kf_idx {kf_idx} is not one of the {len(keyframes)} keyframe_names")
    return frame_named(str(keyframes[kf_idx]))
