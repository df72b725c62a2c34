"""Verified points in the format of the Point-VOS release: ``{id: entry}`` in JSON, or one ``{id: entry}`` a line.

An entry is one object of one video; its points that are ACCEPTED are clicks on it, those that are REJECTED clicks off
it, and AMBIGUOUS ones are left out. ``videos.json`` beside the file, as our own export writes it, tells which video a
``video_name`` is.

Source: https://github.com/idilesenzulfikar/PointVOS
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.localizations import Clicks, Localization
from stages.ingest.documents import parse_json, read_json, read_text
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame, items, mapping, optional_text, shown, shown_keys, text, whole
from stages.ingest.parsed import Parsed

VIDEOS_FILE = "videos.json"
GROUP = "objects"
LABELS = {"ACCEPTED": 1, "REJECTED": 0, "AMBIGUOUS": None}
_QUESTION = re.compile(r"Is the point on (.+)\?")

Points = dict[int, list[tuple[int, int, int]]]
"""Frame index → (x, y, label) of its points."""


def is_line(line: str) -> bool:
    """Whether a line is an entry under its id."""
    try:
        return is_entries(parse_json(line, "line"))
    except IngestError:
        return False


def is_entries(document: Any) -> bool:
    """Whether a document holds entries under their ids."""
    first = next(iter(document.values()), None) if isinstance(document, Mapping) else None
    return isinstance(first, Mapping) and "annotated_points" in first


def parse(path: Path) -> Parsed:
    """One localization for every entry and frame with a point on the object."""
    parsed = Parsed(str(path))
    names = _names(path.parent / VIDEOS_FILE)
    for key, entry in _entries(read_text(path), parsed):
        with parsed.entry(key):
            name = text(entry, "video_name")
            _read_entry(key, entry, names.get(name, name), parsed)
    return parsed


def _names(file: Path) -> Mapping[str, str]:
    """Name in the release → video, where the folder says so."""
    if not file.is_file():
        return {}
    return {name: str(video_id) for name, video_id in mapping(read_json(file), "an object of videos").items()}


def _entries(content: str, parsed: Parsed) -> Iterator[tuple[str, Any]]:
    try:
        yield from mapping(parse_json(content, parsed.input_uri), "an object of entries").items()
        return
    except IngestError:
        lines = [line for line in content.split("\n") if line.strip()]
        if not any(map(is_line, lines[:20])):
            raise
    for number, line in enumerate(lines, start=1):
        with parsed.entry(f"line {number}"):
            yield from mapping(parse_json(line, f"line {number}"), "an object {id: entry}").items()


def _read_entry(key: str, entry: Any, video_id: str, parsed: Parsed) -> None:
    by_frame: Points = defaultdict(list)
    for number, point in enumerate(items(entry, "annotated_points")):
        with parsed.entry(f"{key}, point {number}"):
            x, y, label, idx = _read_point(point)
            if label is not None:
                by_frame[idx].append((x, y, label))
    silent = [idx for idx, own in sorted(by_frame.items()) if not any(label for _, _, label in own)]
    if silent:
        where = shown_keys(f"{idx:06d}" for idx in silent)
        parsed.reject(
            key, "no_positive_click", f"no point is ACCEPTED on frames {where}: nothing is on the object there"
        )
    name, question = optional_text(entry, "object_name"), optional_text(entry, "question")
    asked = _QUESTION.fullmatch(question)
    for idx, own in sorted(by_frame.items()):
        if idx not in silent:
            hint = Clicks(tuple((float(x), float(y)) for x, y, _ in own), tuple(label for _, _, label in own))
            words = asked[1] if asked else question
            parsed.localizations.append(
                Localization(video_id, key, idx, hint, name, words, GROUP, hint.kind, parsed.input_uri)
            )


def _read_point(point: Any) -> tuple[int, int, int | None, int]:
    x, y, status = whole(field(point, "x"), "x"), whole(field(point, "y"), "y"), field(point, "status")
    if x < 0 or y < 0:
        raise IngestError("outside_image", f"point ({x}, {y}) lies outside the image")
    if status not in LABELS:
        raise IngestError("bad_value", f"status is {shown(status)}; known are {', '.join(LABELS)}")
    idx, _ = frame(field(point, "frame_id"))
    return x, y, LABELS[status], idx
