"""Scribbles as the DAVIS interactive challenge writes them.

``{"sequence": "bear", "scribbles": [[{"path": [[x, y], ...], "object_id": 1, ...}, ...], ...]}``: one list of strokes a
frame, coordinates in [0, 1]. Strokes of object 0 mark the background: they say where every other object is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.localizations import Localization, Points, Scribble
from stages.ingest.edges import clip, is_near_frame
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, items, listed, text, xy
from stages.ingest.parsed import Parsed

BACKGROUND = "0"
GROUP = "objects"


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke of (x, y) in [0, 1]; object ``0`` is the background."""

    object_id: str
    path_norm: Points


def parse(document: Any, input_uri: str) -> Parsed:
    """One localization for every object on every frame that has a stroke of it; a list of such documents goes too."""
    parsed = Parsed(input_uri)
    for entry in document if isinstance(document, list) else [document]:
        with parsed.entry(input_uri):
            video_id = text(entry, "sequence")
            for idx, frame in enumerate(items(entry, "scribbles")):
                with parsed.entry(video_id):
                    _read_frame(video_id, idx, listed(frame, "strokes of a frame"), parsed)
    return parsed


def _read_frame(video_id: str, idx: int, frame: Iterable[Any], parsed: Parsed) -> None:
    strokes: list[Stroke] = []
    for raw in frame:
        object_id = text(raw, "object_id")
        with parsed.entry(f"{video_id}/{object_id}"):
            strokes.append(Stroke(object_id, _read_path(raw)))
    objects = dict.fromkeys(stroke.object_id for stroke in strokes if stroke.object_id != BACKGROUND)
    if strokes and not objects:
        raise IngestError("no_object", f"frame {idx} has background strokes only; add a stroke on an object")
    for object_id in objects:
        own = [stroke for stroke in strokes if stroke.object_id in (object_id, BACKGROUND)]
        scribble = Scribble(
            tuple(stroke.path_norm for stroke in own), tuple(int(stroke.object_id == object_id) for stroke in own)
        )
        parsed.localizations.append(
            Localization(video_id, object_id, idx, scribble, group=GROUP, rule="scribble", input_uri=parsed.input_uri)
        )


def _read_path(raw: Any) -> Points:
    path = [xy(point, "stroke point") for point in listed(field(raw, "path"), "path")]
    if not path:
        raise IngestError("empty_stroke", "a stroke has no points")
    near = [point for point in path if is_near_frame(*point)]
    if not near:
        raise IngestError("outside_image", "every point of a stroke lies outside the image; x and y must be in [0, 1]")
    return tuple(clip(*point) for point in near)
