"""Expressions: words that refer to an object, in two layouts.

- Ref-YouTube-VOS ``meta_expressions.json``: ``{"videos": {video: {"expressions": {"0": {"exp", "obj_id"}}}}}``. An
  expression without ``obj_id`` is an object of its own. Video Narrative Grounding writes the same file with
  ``noun_phrase_start_idx`` and ``noun_phrase_end_idx``, half-open offsets into the description of the narrative
  ``narrative_actor_idx``.
- One JSON object a line: ``{"video", "object", "expression"[, "frame"]}``. Without a frame the object is looked for on
  several frames of the video. With ``"all": true`` every instance is meant: each becomes an object of its own, named
  ``<object>-1``, ``<object>-2`` and so on.

All expressions of an object are put together: each is another way to call it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.expressions import joined
from schemas.localizations import Expression, Localization
from stages.ingest.documents import parse_json
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame, items, mapping, optional_text, text, whole
from stages.ingest.parsed import Parsed

GROUP = "objects"
Key = tuple[str, str, tuple[int, str] | None, bool]
"""Video, object, the frame to look on, as position and name (None: anywhere), and whether every instance is meant."""


def is_expression(line: str) -> bool:
    """Whether a line is an expression by itself."""
    try:
        entry = parse_json(line, "line")
    except IngestError:
        return False
    return isinstance(entry, dict) and {"video", "object", "expression"} <= set(entry)


def is_meta(document: Any) -> bool:
    """Whether a document is a ``meta_expressions.json``."""
    videos = document.get("videos") if isinstance(document, dict) else None
    return isinstance(videos, dict) and any(isinstance(v, dict) and "expressions" in v for v in videos.values())


def parse_meta(document: Any, input_uri: str) -> Parsed:
    """One localization an object of a ``meta_expressions.json``."""
    parsed = Parsed(input_uri)
    found: dict[Key, list[str]] = {}
    for video_id, video in mapping(field(document, "videos"), "an object of videos").items():
        with parsed.entry(video_id):
            expressions = mapping(field(video, "expressions"), "an object of expressions")
            for number, entry in expressions.items():
                with parsed.entry(f"{video_id}/{number}"):
                    object_id = optional_text(entry, "obj_id") or number
                    words = _words(entry, video)
                    found.setdefault((video_id, object_id, None, False), []).append(words)
    return _collected(parsed, found)


def parse_lines(content: str, input_uri: str) -> Parsed:
    """One localization for all lines of one object and frame."""
    parsed = Parsed(input_uri)
    found: dict[Key, list[str]] = {}
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        with parsed.entry(f"line {number}"):
            entry = parse_json(line, f"line {number}")
            video_id, object_id, words = (text(entry, name) for name in ("video", "object", "expression"))
            words, told = _required(words), entry.get("frame")
            key = (video_id, object_id, None if told is None else frame(told), _is_every(entry))
            found.setdefault(key, []).append(words)
    return _collected(parsed, found)


def _is_every(entry: Any) -> bool:
    every = entry.get("all", False)
    if not isinstance(every, bool):
        raise IngestError("bad_value", f"all is {every!r}; expected true or false")
    if every and entry.get("frame") is not None:
        raise IngestError("bad_value", "all instances are searched for in the whole video; leave out the frame")
    return every


def _words(entry: Any, video: Mapping[str, Any]) -> str:
    if "noun_phrase_start_idx" not in mapping(entry, "an expression"):
        return _required(text(entry, "exp"))
    actors: Sequence[Any] = items(video, "actor_narratives")
    actor_idx = text(entry, "narrative_actor_idx")
    told = [actor for actor in actors if optional_text(actor, "actor_idx") == actor_idx]
    if not told:
        raise IngestError("unknown_narrative", f"narrative_actor_idx {actor_idx} is not among the actor_narratives")
    description = text(told[0], "description")
    start, end = (whole(field(entry, f"noun_phrase_{side}_idx"), side) for side in ("start", "end"))
    if not 0 <= start < end <= len(description):
        raise IngestError("bad_span", f"noun phrase {start}..{end} lies outside the description ({len(description)})")
    return _required(description[start:end])


def _required(words: str) -> str:
    if not words.strip():
        raise IngestError("no_words", "the expression is blank")
    return " ".join(words.split())


def _collected(parsed: Parsed, found: Mapping[Key, Sequence[str]]) -> Parsed:
    for (video_id, object_id, told, every), texts in found.items():
        with parsed.entry(f"{video_id}/{object_id}"):
            distinct = tuple(dict.fromkeys(texts))
            hint = Expression(distinct, anywhere=told is None, every=every)
            shown = joined(distinct)
            idx, name = told or (0, "")
            parsed.localizations.append(
                Localization(video_id, object_id, idx, hint, "", shown, GROUP, "expression", parsed.input_uri, name)
            )
    return parsed
