"""Annotations as CVAT exports them: "CVAT for video 1.1" (tracks) and "CVAT for images 1.1", XML, in pixels.

Of a track, the key frames are read, which people set; CVAT computed what lies between them. Boxes and ellipses are
boxes, polygons and masks are masks, points are clicks, lines are strokes. Frames are numbered as in the source, from 0.

Source: https://docs.cvat.ai/docs/manual/advanced/xml_format/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from schemas.localizations import Box, Clicks, Hint
from schemas.run_lengths import require_runs
from stages.ingest.boxes import require_in_image
from stages.ingest.errors import IngestError
from stages.ingest.fields import frame, frame_named, number, shown, whole
from stages.ingest.parsed import Parsed
from stages.ingest.segmentations import read_mask
from stages.ingest.shapes import Shape, add_shapes, pasted, stroke

SHAPES = ("box", "polygon", "mask", "points", "polyline", "ellipse")
Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Task:
    """A video of the project: its name, and (width, height) of its frames when they are told."""

    video_id: str
    size: Size | None


def is_cvat(content: str) -> bool:
    """Whether a text is this XML."""
    return content.startswith("<") and "<annotations" in content[:4000]


def parse(content: str, input_uri: str) -> Parsed:
    """One localization for every key frame of every track, or for every shape of every image.

    Raises:
        IngestError: ``malformed``: this is no XML, or one that declares entities; ``no_localizations``: it is empty.
    """
    parsed = Parsed(input_uri)
    root = _root(content, input_uri)
    tasks = _tasks(root)
    shapes: list[Shape] = []
    for number_, track in enumerate(root.iter("track")):
        key = f"track {track.get('id', number_)}"
        with parsed.entry(key):
            task = tasks.get(track.get("task_id", ""), tasks[""])
            shapes += _read_track(track, task, key, parsed)
    for image in root.iter("image"):
        with parsed.entry(f"image {image.get('name', image.get('id', ''))}"):
            shapes += _read_image(image, tasks[""], parsed)
    add_shapes(parsed, shapes)
    if not parsed.localizations and not parsed.rejects:
        raise IngestError("no_localizations", f"{input_uri!r} is an export of CVAT in which no shape is drawn")
    return parsed


def _root(content: str, input_uri: str) -> Element:
    if "<!DOCTYPE" in content or "<!ENTITY" in content:
        raise IngestError(
            "malformed", f"{input_uri!r} declares entities, which exports of CVAT never do; it is rejected"
        )
    try:
        return ElementTree.fromstring(content)  # noqa: S314  # without entities
    except ElementTree.ParseError as problem:
        raise IngestError("malformed", f"{input_uri!r} is not valid XML: {problem}") from None


def _tasks(root: Element) -> dict[str, Task]:
    """Tasks, or the job of an export of one job, by id; the one under "" is that of a file of one of them."""
    source = root.findtext("./meta/source", "")
    found = {
        one.findtext("id", ""): _task(one, source)
        for kind in ("task", "job")
        for one in root.iterfind(f"./meta//{kind}")
    }
    only = next(iter(found.values())) if len(found) == 1 else Task("", None)
    return {**found, "": only}


def _task(task: Element, source: str) -> Task:
    source = task.findtext("source") or source or task.findtext("name") or ""
    size = task.find("original_size")
    wide, high = (size.findtext("width"), size.findtext("height")) if size is not None else (None, None)
    return Task(source, (number(wide, "width"), number(high, "height")) if wide and high else None)


def _read_track(track: Element, task: Task, key: str, parsed: Parsed) -> Iterator[Shape]:
    name, track_id = track.get("label", ""), track.get("id", "")
    for element in track:
        if element.get("outside") == "1" or element.get("keyframe", "1") != "1":
            continue
        idx = frame(element.get("frame"))
        with parsed.entry(f"{key}@{idx[0]}"):
            yield Shape(task.video_id, idx, name, _read_hint(element, task.size, key, parsed), track_id)


def _read_image(image: Element, task: Task, parsed: Parsed) -> Iterator[Shape]:
    size = number(image.get("width"), "width"), number(image.get("height"), "height")
    path = PurePosixPath(image.get("name", "").replace("\\", "/"))
    folder = "" if str(path.parent) == "." else str(path.parent)
    place = frame_named(path.name) if path.suffix else frame(image.get("id"))
    for element in image:
        name = element.get("label", "")
        with parsed.entry(f"image {path}, {name}"):
            yield Shape(
                folder or task.video_id, place, name, _read_hint(element, size, str(path), parsed), _track_of(element)
            )


def _track_of(element: Element) -> str:
    for attribute in element.iterfind("attribute"):
        if attribute.get("name") in ("track_id", "instance_id", "object_id") and attribute.text:
            return attribute.text.strip()
    group = element.get("group_id", "0")
    return f"{element.get('label', '')}-{group}" if group != "0" else ""


def _read_hint(element: Element, size: Size | None, key: str, parsed: Parsed) -> Hint:
    attributes = element.attrib
    match element.tag:
        case "box":
            return _box(attributes, size)
        case "ellipse":
            x, y, rx, ry = (number(attributes.get(name), name) for name in ("cx", "cy", "rx", "ry"))
            return _turned((x - rx, y - ry, x + rx, y + ry), attributes, size)
        case "polygon":
            return read_mask([[v for point in _points(attributes) for v in point]], size, key, parsed)
        case "mask" if size:
            left, top = (whole(attributes.get(name), name) for name in ("left", "top"))
            return pasted(_run_part(attributes), left, top, size)
        case "points":
            points = _points(attributes)
            return Clicks(tuple(points), (1,) * len(points))
        case "polyline" if size:
            return stroke(_points(attributes), size)
    known, without = ", ".join(SHAPES), " without the original_size of its task" * (element.tag in SHAPES)
    raise IngestError("unsupported_shape", f"a {element.tag}{without} is not supported; known shapes: {known}")


def _box(attributes: Mapping[str, str], size: Size | None) -> Box:
    x0, y0, x1, y1 = (number(attributes.get(name), name) for name in ("xtl", "ytl", "xbr", "ybr"))
    return _turned((x0, y0, x1, y1), attributes, size)


def _turned(xyxy_px: tuple[float, float, float, float], attributes: Mapping[str, str], size: Size | None) -> Box:
    """The upright box around a box that is turned around its middle."""
    x0, y0, x1, y1 = xyxy_px
    angle = math.radians(number(attributes.get("rotation", "0"), "rotation"))
    half_width = (abs((x1 - x0) * math.cos(angle)) + abs((y1 - y0) * math.sin(angle))) / 2
    half_height = (abs((x1 - x0) * math.sin(angle)) + abs((y1 - y0) * math.cos(angle))) / 2
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return require_in_image((x - half_width, y - half_height, x + half_width, y + half_height), size)


def _points(attributes: Mapping[str, str]) -> list[tuple[float, float]]:
    pairs = [pair.split(",") for pair in attributes.get("points", "").split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise IngestError("malformed", f"points {shown(attributes.get('points', ''))} are not x,y;x,y;...")
    return [(number(x, "x"), number(y, "y")) for x, y in pairs]


def _run_part(attributes: Mapping[str, str]) -> NDArray[np.bool_]:
    """Run lengths row by row, the first of background."""
    width, height = (whole(attributes.get(name), name) for name in ("width", "height"))
    runs = np.array([whole(run, "rle") for run in attributes.get("rle", "").split(",")], dtype=np.int64)
    try:
        require_runs(runs, height, width)
    except ValueError as problem:
        raise IngestError("bad_rle", str(problem)) from None
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
