"""YOLO label files: one text file a frame, one object a line, in fractions of the frame.

``class x y width height [confidence] [track]`` with the centre of the box, or ``class x1 y1 x2 y2 ...``, a polygon. The
file is ``<video>/<frame>.txt``, named like the frame, or ``<video>_<number>.txt``, as Ultralytics names the frames of a
video, counted from 1. Names of classes come from ``data.yaml``, ``classes.txt`` or ``obj.names`` beside the files.

Source: https://docs.ultralytics.com/datasets/detect/
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath

import yaml

from schemas.localizations import Box, Outline
from stages.ingest.documents import read_text
from stages.ingest.errors import IngestError
from stages.ingest.fields import frame_named, number, whole
from stages.ingest.parsed import Parsed
from stages.ingest.shapes import Shape, add_shapes, video_of

CLASS_FILES = ("classes.txt", "obj.names", "predefined_classes.txt")
_NUMBERED = re.compile(r"(?P<video>.+?)_(?P<number>\d+)")
_LINE = re.compile(r"\s*\d+(?:\.0+)?(?:\s+[-+]?[0-9.]+(?:[eE][-+]?\d+)?){4,}\s*")


def is_labels(content: str) -> bool:
    """Whether a text holds lines of this layout.

    >>> is_labels("0 0.5 0.5 0.25 0.125"), is_labels("0 12 90 52 130")
    (True, False)
    """
    lines = list(islice((line for line in content[:8000].split("\n") if line.strip()), 5))
    return bool(lines) and all(_is_line(line) for line in (lines if len(content) <= 8000 else lines[:-1] or lines))


def _is_line(line: str) -> bool:
    return _LINE.fullmatch(line) is not None and all(-0.1 <= float(cell) <= 1.1 for cell in line.split()[1:5])


def parse(root: Path, paths: Iterable[Path]) -> Parsed:
    """One localization a line; files of class names tell what the objects are called."""
    parsed = Parsed(str(root))
    labels = [path for path in sorted(paths) if path.name.lower() not in CLASS_FILES]
    names = _class_names(root, labels)
    numbers: dict[str, set[int]] = defaultdict(set)
    for video_id, number_ in filter(None, (_numbered(path, root) for path in labels)):
        numbers[video_id].add(number_)
    shapes: list[Shape] = []
    for path in labels:
        inside = path.relative_to(root).as_posix()
        with parsed.entry(inside):
            video_id, frame = _place(path, root, numbers)
            for line, row in enumerate(_lines(path), start=1):
                with parsed.entry(f"{inside}:{line}"):
                    shapes.append(_read_line(row, video_id, frame, names))
    add_shapes(parsed, shapes)
    return parsed


def _lines(path: Path) -> list[str]:
    """The lines of a file; an empty file says that nothing is on the frame."""
    return [row for row in read_text(path).split("\n") if row.strip()] if path.stat().st_size else []


def _numbered(path: Path, root: Path) -> tuple[str, int] | None:
    """Video and number of ``<video>_<number>.txt``; None for a file that lies in its video's folder."""
    found = _NUMBERED.fullmatch(path.stem)
    if not found or video_of(PurePosixPath(path.relative_to(root).parent.as_posix())):
        return None
    return found["video"], int(found["number"])


def _place(path: Path, root: Path, numbers: Mapping[str, set[int]]) -> tuple[str, tuple[int, str]]:
    """Which video and frame a file is about.

    A number with leading zeros is part of a frame's name; one without was counted by a program, from 1 unless there is
    a 0.
    """
    if (found := _numbered(path, root)) is None:
        video_id = video_of(PurePosixPath(path.relative_to(root).parent.as_posix()))
        return video_id or root.name, frame_named(path.stem)
    video_id, number_ = found
    if path.stem.endswith(f"_{number_}") and 0 not in numbers[video_id]:
        return video_id, (number_ - 1, "")
    return video_id, (number_, "")


def _read_line(row: str, video_id: str, frame: tuple[int, str], names: Mapping[int, str]) -> Shape:
    cells = row.split()
    class_id = whole(cells[0], "class")
    values = [number(cell, "coordinate") for cell in cells[1:]]
    if len(values) < 4:
        raise IngestError(
            "malformed", f"the line has {len(cells)} cells; expected class x y width height, or a polygon"
        )
    values, track = (values[:-1], str(int(values[-1]))) if _ends_in_track(cells) else (values, "")
    name = names.get(class_id, f"class {class_id}")
    if len(values) <= 5:  # a box, with or without confidence
        x, y, width, height = values[:4]
        box = Box((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        return Shape(video_id, frame, name, box, track, "fraction")
    points = tuple(zip(values[0::2], values[1::2], strict=False))
    return Shape(video_id, frame, name, Outline((points,)), track)


def _ends_in_track(cells: list[str]) -> bool:
    """Whether the last cell numbers a track: a whole number behind a box, or behind the pairs of a polygon."""
    is_extra = len(cells) in (6, 7) or len(cells) % 2 == 0
    return is_extra and cells[-1].isdigit() and not (len(cells) == 7 and float(cells[-2]) > 1)


def _class_names(root: Path, labels: Iterable[Path]) -> dict[int, str]:
    """Names of classes that lie beside the labels or above them."""
    folders = {path.parent: None for path in labels}
    above = [parent for folder in folders for parent in folder.parents if parent.is_relative_to(root)]
    every = dict.fromkeys([*folders, *above, root, root.parent, root.parent.parent])
    for path in (folder / name for name in ("data.yaml", *CLASS_FILES) for folder in every):
        if path.is_file():
            found = _yaml_names(path) if path.suffix == ".yaml" else read_text(path).strip().split("\n")
            return dict(enumerate(found)) if isinstance(found, list) else found
    return {}


def _yaml_names(path: Path) -> dict[int, str]:
    try:
        names = (yaml.safe_load(read_text(path)) or {}).get("names", {})
    except (yaml.YAMLError, AttributeError) as problem:
        raise IngestError("malformed", f"{str(path)!r} does not list names of classes: {problem}") from None
    pairs = names.items() if isinstance(names, Mapping) else enumerate(names)
    return {int(number_): str(name) for number_, name in pairs}
