"""Clicks: ``{video: {"frame": 0, "points": [{"object_id": 1, "x": 10, "y": 20, "label": 1}]}}``.

A video may hold a list of such entries, one a frame. ``frame`` is a position, counted from 0, or the file name of a
frame. ``x`` and ``y`` are pixels; ``label`` is 1 on the object (the default) and 0 off it. Beside ``points`` an entry
may have ``boxes`` (``{"object_id", "x0", "y0", "x1", "y1"}``, half-open pixels) and ``strokes`` (``{"object_id",
"path": [[x, y], ...]}``, in [0, 1]), as the studio writes them. All of them may carry ``name`` and ``expression`` of
their object; the first given ones count. An entry with ``"seen": true`` says that a person has seen the masks of its
hints and left them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.localizations import SEEN, Box, Clicks, Hint, Localization, Points, Scribble
from stages.ingest.boxes import require_in_image
from stages.ingest.edges import clip, is_near_frame
from stages.ingest.errors import IngestError
from stages.ingest.fields import field as value_of
from stages.ingest.fields import frame, items, listed, mapping, number, optional_text, shown, text, xy
from stages.ingest.parsed import Parsed

GROUP = "objects"
_PARTS = ("points", "boxes", "strokes")


@dataclass(slots=True)
class _Given:
    """What an entry holds of one object, as it stands in the file."""

    points: list[Any] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    strokes: list[Any] = field(default_factory=list)


def parse(document: Any, input_uri: str, *, is_correction: bool = False) -> Parsed:
    """One localization for every object and kind of every entry; a bad point is rejected and spares the others.

    Args:
        document: the file's content.
        input_uri: the file.
        is_correction: of masks that are there, for which clicks off the object are enough.
    """
    parsed = Parsed(input_uri)
    for video_id, entries in mapping(document, "an object of videos").items():
        for entry in entries if isinstance(entries, list) else [entries]:
            with parsed.entry(video_id):
                _read_entry(video_id, entry, parsed, is_correction)
    return parsed


def _read_entry(video_id: str, entry: Any, parsed: Parsed, is_correction: bool) -> None:
    idx, frame_name = frame(value_of(entry, "frame"))
    given = {part: listed(entry.get(part, []), part) for part in _PARTS[1:]}
    given["points"] = items(entry, "points") if "points" in entry or not any(given.values()) else []
    if not any(given.values()):
        raise IngestError("no_points", f"the entry for frame {frame_name or idx} has no points")
    is_seen = entry.get(SEEN, False)
    if not isinstance(is_seen, bool):
        raise IngestError("malformed", f"{SEEN} is {shown(is_seen)}, not true or false")
    by_object: dict[str, _Given] = {}
    for part in _PARTS:
        for one in given[part]:
            with parsed.entry(video_id):
                getattr(by_object.setdefault(text(one, "object_id"), _Given()), part).append(one)
    for object_id, own in by_object.items():
        with parsed.entry(f"{video_id}/{object_id}"):
            everything = [*own.points, *own.boxes, *own.strokes]
            words = _first(everything, "name"), _first(everything, "expression")
            parsed.localizations += [
                Localization(
                    video_id, object_id, idx, hint, *words, GROUP, SEEN if is_seen else hint.kind, parsed.input_uri,
                    frame_name,
                )
                for hint in _hints(f"{video_id}/{object_id}", own, parsed, is_correction)
            ]  # fmt: skip


def _hints(key: str, given: _Given, parsed: Parsed, is_correction: bool) -> list[Hint]:
    boxes = _boxes(key, given.boxes, parsed)
    strokes = _strokes(key, given.strokes, parsed)
    hints: list[Hint] = [*boxes, *([Scribble(strokes, (1,) * len(strokes))] if strokes else [])]
    if given.points or not hints:
        hints.insert(0, _read_clicks(key, given.points, parsed, needs_positive=not hints and not is_correction))
    return hints


def _boxes(key: str, given: Sequence[Any], parsed: Parsed) -> list[Box]:
    boxes = []
    for one in given:
        with parsed.entry(key):
            x0, y0, x1, y1 = (number(value_of(one, side), side) for side in ("x0", "y0", "x1", "y1"))
            boxes.append(require_in_image((x0, y0, x1, y1)))
    return boxes


def _strokes(key: str, given: Sequence[Any], parsed: Parsed) -> tuple[Points, ...]:
    strokes: list[Points] = []
    for one in given:
        with parsed.entry(key):
            path = [xy(point, "stroke point") for point in items(one, "path")]
            near = tuple(clip(*point) for point in path if is_near_frame(*point))
            if not near:
                raise IngestError("outside_image", "no point of a stroke lies inside the image; x and y are in [0, 1]")
            strokes.append(near)
    return tuple(strokes)


def _read_clicks(key: str, points: Sequence[Any], parsed: Parsed, *, needs_positive: bool) -> Clicks:
    read: list[tuple[float, float, int]] = []
    for point in points:
        with parsed.entry(key):
            read.append(_read_point(point))
    if not read:
        raise IngestError("no_points", "none of its points can be used")
    if needs_positive and not any(label for _, _, label in read):
        raise IngestError("no_positive_click", "all clicks are labelled 0 (off the object); give one on the object")
    return Clicks(tuple((x, y) for x, y, _ in read), tuple(label for _, _, label in read))


def _read_point(point: Any) -> tuple[float, float, int]:
    x, y = number(value_of(point, "x"), "x"), number(value_of(point, "y"), "y")
    if x < 0 or y < 0:
        raise IngestError("outside_image", f"point ({x:g}, {y:g}) lies outside the image")
    label = number(point.get("label", 1), "label") if not isinstance(point.get("label"), bool) else point["label"]
    if label not in (0, 1):
        raise IngestError("bad_label", f"label {label:g} is not 1 (on the object) or 0 (off it)")
    return x, y, int(label)


def _first(points: Sequence[Any], name: str) -> str:
    return next((found for point in points if (found := optional_text(point, name))), "")
