"""Does a folder hold what the scripts of the Point-VOS release demand? Every demand is looked at in the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from io import TextIOWrapper
from typing import Any, TextIO

import numpy as np
from PIL import Image

from schemas.json_items import JsonItems
from schemas.json_text import parse_json
from schemas.remote_paths import AnyPath
from schemas.splits import SPLITS
from stages.export.point_vos import PIXEL_VALUES

_FIELDS = {"question_hash": str, "question": str, "object_name": str, "video_name": str, "annotated_points": list}
_POINT_FIELDS = {"x": int, "y": int, "frame_id": str, "status": str, "is_fg_candidate": bool}
_ID = re.compile(r"[0-9a-f]{32}")
_FRAME_ID = re.compile(r"[0-9]{6}")
_NAME = re.compile(r"[A-Za-z0-9_-]+")

Json = Any


def problems_of(folder: AnyPath) -> Iterator[str]:
    """One sentence for every demand that the dataset in ``folder`` breaks."""
    files = [f for split in SPLITS for f in (folder / f"{split}.json", folder / f"{split}.jsonl") if f.is_file()]
    if not files:
        yield f"{folder} has neither train.json nor train.jsonl"
    yield from problems_in(folder, files)


def problems_in(folder: AnyPath, files: Iterable[AnyPath], needs_frames: bool = True) -> Iterator[str]:
    """The same for some files of entries, named as in the release, and the frames in ``folder`` that they are about.

    Args:
        folder: of the dataset.
        files: of entries; one entry is in memory at a time.
        needs_frames: else frames are looked at only where there are any: the release itself comes without.
    """
    seen: set[str] = set()
    for file in files:
        frames = folder / file.stem if needs_frames or (folder / file.stem).is_dir() else None
        for key, entry in _read(file):
            where = f"{file.name} entry {key}"
            if entry is None:
                yield f"{file.name}: {key}"
                continue
            if not _ID.fullmatch(key) or key in seen:
                yield f"{where}: an id is 32 hex digits and is used once"
            seen.add(key)
            yield from (f"{where}: {problem}" for problem in _entry_problems(frames, key, entry))


def _read(file: AnyPath) -> Iterator[tuple[str, Json]]:
    """(id, entry) pairs; what cannot be read so gives (problem, None)."""
    try:
        with file.open("rb") as content, TextIOWrapper(content, encoding="ascii") as opened:
            yield from _lines(opened) if file.suffix == ".jsonl" else _items(opened)
    except UnicodeDecodeError:
        yield "is not ASCII", None
    except ValueError as problem:
        yield str(problem), None


def _items(opened: TextIO) -> Iterator[tuple[str, Json]]:
    items = JsonItems(opened)
    for key, value in items:
        if not key:
            yield f"line {items.line} is not one object {{id: entry}}", None
            return
        yield key, value


def _lines(opened: TextIO) -> Iterator[tuple[str, Json]]:
    for number, line in enumerate(opened, start=1):
        try:
            loaded = parse_json(line)
        except ValueError as error:
            yield f"line {number} is not JSON: {error}", None
            continue
        if not isinstance(loaded, dict) or len(loaded) != 1:
            yield f"line {number} is not one object {{id: entry}}", None
            continue
        yield from loaded.items()


def _entry_problems(frames: AnyPath | None, key: str, entry: Json) -> Iterator[str]:
    if wrong := _type_problem(entry, _FIELDS):
        yield wrong
        return
    if entry["question_hash"] != key:
        yield f"question_hash {entry['question_hash']!r} is not the id"
    if not _NAME.fullmatch(entry["video_name"]):
        yield f"video_name {entry['video_name']!r} has characters beyond A-Z a-z 0-9 _ -"
        return
    points_at: dict[str, dict[tuple[int, int], str]] = {}
    for point in entry["annotated_points"]:
        if wrong := _point_problem(point):
            yield wrong
            continue
        pixels = points_at.setdefault(point["frame_id"], {})
        if (point["x"], point["y"]) in pixels:
            yield f"pixel ({point['x']}, {point['y']}) is listed twice in frame {point['frame_id']}"
        pixels[point["x"], point["y"]] = point["status"]
    if frames:
        for frame_id, pixels in sorted(points_at.items()):
            yield from _frame_problems(frames, key, frame_id, pixels)


def _point_problem(point: Json) -> str | None:
    if wrong := _type_problem(point, _POINT_FIELDS):
        return f"point {wrong}"
    if not _FRAME_ID.fullmatch(point["frame_id"]):
        return f"frame_id {point['frame_id']!r} is not six digits"
    if point["status"] not in PIXEL_VALUES:
        return f"unknown status {point['status']!r}; known: {', '.join(PIXEL_VALUES)}"
    return None


def _type_problem(value: Json, fields: Mapping[str, type]) -> str | None:
    if not isinstance(value, dict) or set(value) != set(fields):
        return f"does not have exactly the fields {', '.join(fields)}"
    for name, kind in fields.items():
        if type(value[name]) is not kind:
            return f"{name} {value[name]!r} is not of type {kind.__name__}"
    return None


def _frame_problems(frames: AnyPath, key: str, frame_id: str, pixels: dict[tuple[int, int], str]) -> Iterator[str]:
    jpeg = frames / "JPEGImages" / key / f"{frame_id}.jpg"
    png = frames / "Annotations" / key / f"{frame_id}.png"
    if not {"ACCEPTED", "REJECTED"} & set(pixels.values()):
        yield f"frame {frame_id} has no point that is ACCEPTED or REJECTED"
    try:
        with jpeg.open("rb") as opened, Image.open(opened) as image:
            width, height = image.size
        with png.open("rb") as opened, Image.open(opened) as image:
            mode, labels = image.mode, np.asarray(image)
    except OSError as error:
        yield f"frame {frame_id} needs {_shown(frames, jpeg)} and {_shown(frames, png)}: {error}"
        return
    for x, y in pixels:
        if not (0 <= x < width and 0 <= y < height):
            yield f"point ({x}, {y}) lies outside frame {frame_id} of {width} x {height} pixels"
            return
    expected = np.zeros((height, width), dtype=np.uint8)
    for (x, y), status in pixels.items():
        expected[y, x] = PIXEL_VALUES[status]
    if mode != "P" or not np.array_equal(labels, expected):
        yield f"{_shown(frames, png)} is not a mode P image of the points of frame {frame_id}"


def _shown(frames: AnyPath, path: AnyPath) -> str:
    return str(path).removeprefix(f"{frames.parent}/")
