"""What files of annotation tools say of themselves: SA-V, MOT and YOLO, beyond what reading them shows.

Sources: Ravi et al., "SAM 2: Segment Anything in Images and Videos"; Milan et al., "MOT16: A Benchmark for
Multi-Object Tracking"; https://docs.ultralytics.com/datasets/detect/
"""

from __future__ import annotations

import codecs
import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from schemas.json_text import parse_json
from stages.validate.problems import Problem

_MASKLET_STEP = 4
_SEQUENCE = "seqinfo.ini"
_CLASSES = "data.yaml"


def sav_problems(root: Path) -> Iterator[Problem]:
    """Masks are of the size of their video, as many on every frame as there are ids, and on every fourth frame."""
    for file in [root] if root.is_file() else sorted(root.rglob("*.json")):
        try:
            document = parse_json(file.read_bytes())
            if not isinstance(document, dict) or "masklet" not in document:
                continue  # a file of another kind beside them
            yield from _masklet_problems(file.name, document)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as problem:
            yield Problem(file.name, f"it cannot be read as SA-V: {problem!r}")


def _masklet_problems(name: str, document: dict[str, Any]) -> Iterator[Problem]:
    masklet, size = document["masklet"], [int(document.get(name, 0)) for name in ("video_height", "video_width")]
    n_objects = len(document.get("masklet_id", masklet[0] if masklet else ()))
    n_frames = int(document.get("video_frame_count", 0))
    if n_frames and len(masklet) != -(-n_frames // _MASKLET_STEP):
        yield Problem(name, f"{len(masklet)} annotated frames of {n_frames}; expected every fourth one")
    for place, masks in enumerate(masklet):
        where = f"{name} annotated frame {place}"
        if len(masks) != n_objects:
            yield Problem(where, f"{len(masks)} masks for {n_objects} objects; expected as many")
        for number, mask in enumerate(masks):
            if mask is not None and all(size) and mask["size"] != size:
                yield Problem(f"{where} object {number}", f"the mask is of size {mask['size']}; the video's is {size}")


def mot_problems(root: Path) -> Iterator[Problem]:
    """Frames lie within the sequence, and an object has one box on a frame."""
    files = [root] if root.is_file() else sorted(root.rglob("*.txt"))
    for file in files:
        length = _length(file.parent.parent / _SEQUENCE)
        name = file.relative_to(root).as_posix() if file != root else file.name
        seen: set[tuple[str, str]] = set()
        rows = [[cell.strip() for cell in line.split(",")] for line in _lines(file)]
        first = 0 if any(cells[0] == "0" for cells in rows) else 1
        for number, cells in enumerate(rows, start=1):
            if len(cells) < 6:
                continue
            if length and cells[0].isdecimal() and int(cells[0]) >= first + length:
                detail = (
                    f"frame {cells[0]} is outside the {length} frames of {_SEQUENCE}; frames count from {first} here"
                )
                yield Problem(f"{name}:{number}", detail)
            if (key := (cells[0], cells[1])) in seen and not cells[1].startswith("-"):
                yield Problem(f"{name}:{number}", f"object {cells[1]} has another box on frame {cells[0]}")
            seen.add(key)


def _lines(file: Path) -> list[str]:
    """Lines of a text in UTF-8 or, with a byte order mark, UTF-16; what is neither is told where hints are read."""
    data = file.read_bytes()
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace").splitlines()


def _length(file: Path) -> int:
    """Frames as a sequence's file says; 0 where it says nothing."""
    described = configparser.ConfigParser(interpolation=None)
    try:
        described.read(file, encoding="utf-8-sig")
        return described.getint("Sequence", "seqLength", fallback=0)
    except (OSError, ValueError, configparser.Error):
        return 0


def yolo_problems(root: Path) -> Iterator[Problem]:
    """Classes have names where a file lists them."""
    folder = root.parent if root.is_file() else root
    known = _class_numbers(folder)
    for file in [root] if root.is_file() else sorted(root.rglob("*.txt")):
        name = file.relative_to(folder).as_posix()
        for number, line in enumerate(_lines(file), start=1):
            cells = line.split()
            if known and cells and cells[0].isdecimal() and int(cells[0]) not in known:
                yield Problem(f"{name}:{number}", f"class {cells[0]} has no name in {_CLASSES}")


def _class_numbers(folder: Path) -> set[int]:
    """Numbers of the classes that have names; none where nothing lists them."""
    try:
        names = yaml.safe_load((folder / _CLASSES).read_text(encoding="utf-8-sig"))["names"]
        return {int(number) for number in (names if isinstance(names, dict) else range(len(names)))}
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return set()
