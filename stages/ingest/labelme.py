"""Frames annotated with labelme: one JSON file a frame, ``<video>/<frame>.json``, in pixels.

A shape is a polygon, rectangle, circle, mask, point, line or strip of lines with a ``label``; shapes of one label and
``group_id`` are one object. The points of one object on a frame are clicks on it.

Source: https://github.com/wkentaro/labelme (5.x).
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Clicks, Hint
from stages.ingest.boxes import require_in_image
from stages.ingest.documents import read_json
from stages.ingest.errors import IngestError
from stages.ingest.fields import frame_named, identifier, items, mapping, number, optional_text, text, xy
from stages.ingest.parsed import Parsed
from stages.ingest.segmentations import read_mask
from stages.ingest.shapes import Shape, add_shapes, pasted, stroke, video_of
from stages.video.stills import decode_still

_CIRCLE_POINTS = 64
Size = tuple[float, float]
Pairs = list[tuple[float, float]]


def is_frame(document: Any) -> bool:
    """Whether a document is of this layout."""
    return isinstance(document, Mapping) and {"shapes", "imagePath"} <= document.keys()


def parse(root: Path, paths: Iterable[Path]) -> Parsed:
    """One localization for every object of every file."""
    parsed = Parsed(str(root))
    shapes: list[Shape] = []
    for path in sorted(paths):
        inside = PurePosixPath(path.relative_to(root).as_posix())
        with parsed.entry(str(inside)):
            document = mapping(read_json(path), "an object with shapes")
            image = PurePosixPath(text(document, "imagePath").replace("\\", "/"))
            video_id = video_of(inside.parent) or root.name
            size = number(document.get("imageWidth"), "imageWidth"), number(document.get("imageHeight"), "imageHeight")
            shapes += _read_shapes(document, video_id, frame_named(image.name), size, str(inside), parsed)
    add_shapes(parsed, shapes)
    return parsed


def _read_shapes(
    document: Mapping[str, Any], video_id: str, frame: tuple[int, str], size: Size, key: str, parsed: Parsed
) -> list[Shape]:
    shapes: list[Shape] = []
    clicks: dict[tuple[str, str], Pairs] = {}
    for raw in items(document, "shapes"):
        with parsed.entry(f"{key}, {optional_text(raw, 'label') or 'shape'}"):
            name, group = text(raw, "label"), identifier(raw.get("group_id"))
            track = f"{name}-{group}" if group else ""
            points = [xy(point, "point") for point in items(raw, "points")]
            if raw.get("shape_type") == "point":
                clicks.setdefault((name, track), []).extend(points)
            else:
                shapes.append(Shape(video_id, frame, name, _read_hint(raw, points, size, key, parsed), track))
    for (name, track), points in clicks.items():
        with parsed.entry(f"{key}, {name}"):
            shapes.append(Shape(video_id, frame, name, Clicks(tuple(points), (1,) * len(points)), track))
    return shapes


def _read_hint(raw: Mapping[str, Any], points: Pairs, size: Size, key: str, parsed: Parsed) -> Hint:
    kind = optional_text(raw, "shape_type") or "polygon"
    match kind:
        case "polygon":
            return read_mask([[v for point in points for v in point]], size, key, parsed)
        case "circle" if len(points) == 2:
            return read_mask([_circle(*points)], size, key, parsed)
        case "rectangle" if len(points) in (2, 4):
            xs, ys = [x for x, _ in points], [y for _, y in points]
            return require_in_image((min(xs), min(ys), max(xs), max(ys)), size)
        case "mask" if len(points) == 2:
            left, top = (round(min(values)) for values in zip(*points, strict=True))
            return pasted(_png_part(raw), left, top, size)
        case "line" | "linestrip" if points:
            return stroke(points, size)
    raise IngestError("unsupported_shape", f"shape_type {kind!r} with {len(points)} points is not supported")


def _circle(middle: tuple[float, float], edge: tuple[float, float]) -> list[float]:
    radius, turns = math.dist(middle, edge), np.linspace(0, 2 * math.pi, _CIRCLE_POINTS, endpoint=False)
    outline = np.stack([middle[0] + radius * np.cos(turns), middle[1] + radius * np.sin(turns)], axis=1)
    return [float(v) for v in outline.ravel()]


def _png_part(raw: Mapping[str, Any]) -> NDArray[np.bool_]:
    """A mask kept as a PNG of a part of the frame."""
    try:
        still = decode_still(base64.b64decode(text(raw, "mask"), validate=True), "of a mask")
    except binascii.Error:
        raise IngestError("malformed", "its mask is not base64") from None
    if still is None:
        raise IngestError("malformed", "its mask is not a PNG image")
    return still.image[..., 0] > 0
