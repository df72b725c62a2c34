"""Label Studio's exports, JSON and JSON-MIN: video rectangles, and the regions of images.

Boxes, ellipses, polygons, brushes and key points are read; coordinates are percents of the frame. A video rectangle
holds the key frames that people set, and is one object. Frames count from 1; in an export that has a frame 0, from 0.
Of a task with several annotations the latest that was not cancelled counts.

Source: https://labelstud.io/guide/export and https://labelstud.io/tags/videorectangle
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from schemas.limits import require_size
from schemas.localizations import Box, Clicks, Hint, MaskHint, Outline
from schemas.masks import encode_rle
from stages.ingest.brush import brush_mask
from stages.ingest.errors import IngestError
from stages.ingest.fields import frame, frame_named, identifier, items, listed, mapping, number, optional_text, whole
from stages.ingest.parsed import Parsed
from stages.ingest.shapes import Shape, add_shapes
from stages.video.corpus import FRAME_KINDS, VIDEO_EXTENSIONS

_ANNOTATIONS = ("annotations", "completions", "predictions")
_UPLOAD = re.compile(r"[0-9a-f]{8}-(?=.)")
_ELLIPSE_POINTS = 64
Point = tuple[float, float]


def is_export(document: Any) -> bool:
    """Whether a document is an export of Label Studio."""
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, Mapping):
        return False
    return ("data" in first and any(kind in first for kind in _ANNOTATIONS)) or {
        "annotation_id",
        "lead_time",
    } <= first.keys()


def parse(document: Any, input_uri: str) -> Parsed:
    """One localization for every region, or for every key frame of a video rectangle.

    Raises:
        IngestError: ``no_localizations``: no annotation has a region.
    """
    parsed = Parsed(input_uri)
    shapes: list[Shape] = []
    tasks = document if isinstance(document, list) else [document]
    first = _first_frame(tasks)
    for number_, raw in enumerate(tasks):
        key = f"task {optional_text(raw, 'id') or number_}"
        with parsed.entry(key):
            task = mapping(raw, "a task")
            media, is_image = _media(task.get("data", task))
            for region in _regions(task):
                name = optional_text(region, "id")
                where = f"{key}, region {name}" if name else key
                with parsed.entry(where):
                    if is_image:
                        shapes.append(_read_image_region(region, media))
                    else:
                        shapes += _read_rectangle(region, media, first, where, parsed)
    add_shapes(parsed, shapes)
    if not parsed.localizations and not parsed.rejects:
        detail = (
            f"{input_uri!r} is an export of Label Studio, and no region of its annotations says where an object is; "
            "verdicts of a review queue come in with: pointvos review pull"
        )
        raise IngestError("no_localizations", detail)
    return parsed


def _media(data: Any) -> tuple[PurePosixPath, bool]:
    """Path of the task's video, or of its folder of frames, or image; and whether it is an image."""
    for value in mapping(data, "the data of a task").values():
        if isinstance(value, str):
            path = _path(value)
            if path.suffix.lower() in VIDEO_EXTENSIONS or path.suffix.lower() in FRAME_KINDS:
                return path, path.suffix.lower() in FRAME_KINDS
    if isinstance(folder := data.get("video"), str) and folder:
        return _path(folder), False
    raise IngestError("no_video", "the task names neither a video nor an image file")


def _path(value: str) -> PurePosixPath:
    """The path in an address; of an upload its name, without the prefix that it got.

    >>> str(_path("/data/upload/3/0a1b2c3d-clip%20a.mp4")), str(_path("/data/local-files/?d=videos/a.mp4"))
    ('clip a.mp4', 'videos/a.mp4')
    """
    parts = urlsplit(value)
    path = PurePosixPath(parse_qs(parts.query).get("d", [unquote(parts.path)])[0].replace("\\", "/"))
    return PurePosixPath(_UPLOAD.sub("", path.name)) if "upload" in path.parts[:-1] else path


def _regions(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Regions of the annotation that counts; those of JSON-MIN have no more than their values."""
    kind = next((kind for kind in _ANNOTATIONS if isinstance(task.get(kind), list)), None)
    if kind is None:
        for value in task.values():
            for region in value if isinstance(value, list) else ():
                if isinstance(region, Mapping):
                    yield {"value": region, **region}
        return
    given = [mapping(one, "an annotation") for one in task[kind]]
    given = [one for one in given if not one.get("was_cancelled")]
    if not given:
        return
    latest = max(given, key=lambda one: str(one.get("updated_at") or one.get("created_at") or ""))
    for region in items(latest, "result"):
        if isinstance(region, Mapping) and _is_place(region):
            yield region


def _is_place(region: Mapping[str, Any]) -> bool:
    """Whether a region lies somewhere; choices, texts and relations do not."""
    value = region.get("value")
    return isinstance(value, Mapping) and any(key in value for key in ("sequence", "x", "points", "rle"))


def _name(region: Mapping[str, Any]) -> str:
    value = region.get("value", {})
    labels = next((v for k, v in value.items() if k.endswith("labels") and isinstance(v, list) and v), [""])
    return identifier(labels[0]) or ""


def _first_frame(tasks: Sequence[Any]) -> int:
    """The number of the first frame of a video: 0 if a key frame has that number, else 1.

    Where another key frame is the last one of its video if frames count from 1 (``framesCount``), a frame 0 is a
    mistake.
    """
    frames = []
    for raw in tasks:
        with suppress(IngestError):  # told where the task is read
            values = [region.get("value") for region in _regions(mapping(raw, "a task"))]
            frames += [
                (optional_text(entry, "frame"), optional_text(value, "framesCount"))
                for value in values
                if isinstance(value, Mapping) and isinstance(value.get("sequence"), list)
                for entry in value["sequence"]
            ]
    return 0 if any(idx == "0" for idx, _ in frames) and not any(idx and idx == n for idx, n in frames) else 1


def _read_rectangle(
    region: Mapping[str, Any], media: PurePosixPath, first: int, where: str, parsed: Parsed
) -> list[Shape]:
    """The key frames of a video rectangle that can be read; ``first`` is the number of the first frame."""
    value = mapping(region.get("value"), "the value of a region")
    if "sequence" not in value:
        raise IngestError("unsupported_shape", "only rectangles are supported on a video")
    track, shapes = optional_text(region, "id"), list[Shape]()
    for place, entry in enumerate(items(value, "sequence"), start=1):
        with parsed.entry(f"{where}, key frame {place}"):
            idx = whole(mapping(entry, "a key frame").get("frame"), "frame")
            if idx < first:
                raise IngestError("bad_frame", f"frame {idx}: the frames of this export count from {first}")
            shapes.append(Shape(str(media), frame(idx - first), _name(region), _box(entry), track, "percent"))
    return shapes


def _read_image_region(region: Mapping[str, Any], media: PurePosixPath) -> Shape:
    value = mapping(region.get("value"), "the value of a region")
    folder = "" if str(media.parent) in (".", "/") else media.parent.name
    return Shape(folder, frame_named(media.name), _name(region), _read_hint(region, value), "", "percent")


def _read_hint(region: Mapping[str, Any], value: Mapping[str, Any]) -> Hint:
    if "rle" in value:
        return _brush(region, value)
    if "points" in value:
        return Outline((tuple(_fractions(listed(pair, "point")[:2]) for pair in listed(value["points"], "points")),))
    if "radiusX" in value:
        return _ellipse(value)
    if "width" in value and "keypointlabels" not in value:
        return _box(value) if not _angle(value) else _turned(region, value)
    return Clicks((_xy(value),), (1,))


def _brush(region: Mapping[str, Any], value: Mapping[str, Any]) -> MaskHint:
    size = {**region, **value}
    height, width = (whole(size.get(f"original_{side}"), f"original_{side}") for side in ("height", "width"))
    try:
        require_size("mask", height, width)
        drawn = brush_mask(bytes(listed(value["rle"], "rle")), height, width)
    except (ValueError, TypeError) as problem:
        raise IngestError("bad_rle", f"its brush strokes cannot be read: {problem}") from None
    if not drawn.any():
        raise IngestError("empty_mask", "the brush marks no pixel")
    return MaskHint(encode_rle(drawn), height, width)


def _turned(region: Mapping[str, Any], value: Mapping[str, Any]) -> Outline:
    """The outline of a rectangle that is turned around its upper left corner."""
    size = {**region, **value}
    if not {"original_width", "original_height"} <= size.keys():
        raise IngestError("unsupported_shape", "a rotated rectangle needs original_width and original_height")
    sides = np.array([number(size[f"original_{side}"], f"original_{side}") for side in ("width", "height")])
    angle = math.radians(_angle(value))
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    width, height = number(value.get("width"), "width"), number(value.get("height"), "height")
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)]) / 100 * sides
    outline = np.array(_fractions(_xy(value))) + corners @ turn / sides
    return Outline((tuple((float(x), float(y)) for x, y in outline),))


def _angle(value: Mapping[str, Any]) -> float:
    return number(value.get("rotation") or 0, "rotation")


def _fractions(xy_percent: Sequence[Any]) -> Point:
    x, y = xy_percent
    return number(x, "x") / 100, number(y, "y") / 100


def _xy(value: Mapping[str, Any]) -> Point:
    return number(value.get("x"), "x"), number(value.get("y"), "y")


def _box(value: Mapping[str, Any]) -> Box:
    if _angle(value):
        raise IngestError(
            "unsupported_shape", "rotated rectangles on videos are not supported; draw it without rotation"
        )
    x, y = _xy(value)
    return Box((x, y, x + number(value.get("width"), "width"), y + number(value.get("height"), "height")))


def _ellipse(value: Mapping[str, Any]) -> Outline:
    (x, y), turns = _xy(value), np.linspace(0, 2 * math.pi, _ELLIPSE_POINTS, endpoint=False)
    rx, ry = number(value.get("radiusX"), "radiusX"), number(value.get("radiusY"), "radiusY")
    outline = zip((x + rx * np.cos(turns)) / 100, (y + ry * np.sin(turns)) / 100, strict=True)
    return Outline((tuple((float(a), float(b)) for a, b in outline),))
