"""Clicks: ``{video: {"frame": 0, "points": [{"object_id": 1, "x": 10, "y": 20, "label": 1}]}}``.

A video may hold a list of such entries, one a frame. ``frame`` is a position, counted from 0, or the file name of a
frame. ``x`` and ``y`` are pixels; ``label`` is 1 on the object (the
default) and 0 off it. A point may carry ``name`` and ``expression`` of its object; the first given ones count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.localizations import Clicks, Localization
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame, items, mapping, number, optional_text, text
from stages.ingest.parsed import Parsed

GROUP = "objects"


def parse(document: Any, input_uri: str) -> Parsed:
    """One localization for every object of every entry; a bad point is rejected and spares the other points."""
    parsed = Parsed(input_uri)
    for video_id, entries in mapping(document, "an object of videos").items():
        for entry in entries if isinstance(entries, list) else [entries]:
            with parsed.entry(video_id):
                _read_entry(video_id, entry, parsed)
    return parsed


def _read_entry(video_id: str, entry: Any, parsed: Parsed) -> None:
    idx, frame_name = frame(field(entry, "frame"))
    points = items(entry, "points")
    if not points:
        raise IngestError("no_points", f"the entry for frame {frame_name or idx} has no points")
    by_object: dict[str, list[Any]] = {}
    for point in points:
        with parsed.entry(video_id):
            by_object.setdefault(text(point, "object_id"), []).append(point)
    for object_id, own in by_object.items():
        with parsed.entry(f"{video_id}/{object_id}"):
            clicks = _read_clicks(f"{video_id}/{object_id}", own, parsed)
            name, expression = _first(own, "name"), _first(own, "expression")
            parsed.localizations.append(
                Localization(
                    video_id, object_id, idx, clicks, name, expression, GROUP, "clicks", parsed.input_uri, frame_name
                )
            )


def _read_clicks(key: str, points: Sequence[Any], parsed: Parsed) -> Clicks:
    read: list[tuple[float, float, int]] = []
    for point in points:
        with parsed.entry(key):
            read.append(_read_point(point))
    if not read:
        raise IngestError("no_points", "none of its points can be used")
    if not any(label for _, _, label in read):
        raise IngestError("no_positive_click", "every click says where the object is not; give one on the object")
    return Clicks(tuple((x, y) for x, y, _ in read), tuple(label for _, _, label in read))


def _read_point(point: Any) -> tuple[float, float, int]:
    x, y = number(field(point, "x"), "x"), number(field(point, "y"), "y")
    if x < 0 or y < 0:
        raise IngestError("outside_image", f"point ({x:g}, {y:g}) lies outside the image")
    label = number(point.get("label", 1), "label") if not isinstance(point.get("label"), bool) else point["label"]
    if label not in (0, 1):
        raise IngestError("bad_label", f"label {label:g} is not 1 (on the object) or 0 (off it)")
    return x, y, int(label)


def _first(points: Sequence[Any], name: str) -> str:
    return next((found for point in points if (found := optional_text(point, name))), "")
