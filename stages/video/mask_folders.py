"""Folders of mask images, for hints and for ground truth alike: where the masks lie, and what their labels are called.

A folder ``<root>/<video>/<frame>.png``. Datasets keep it as ``<root>/Annotations``; ``objects.json``, as our own
export writes it, is in it or beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.json_text import parse_json

ANNOTATIONS = "Annotations"
OBJECTS_FILE = "objects.json"


def annotations_of(root: Path) -> Path:
    """``root/Annotations`` where there is one, else ``root``."""
    folder = root / ANNOTATIONS
    return folder if folder.is_dir() else root


def object_names(annotations: Path) -> Mapping[str, Mapping[str, str]]:
    """Video id → label as text → object id, as our own export says; empty where no ``objects.json`` is there.

    Raises:
        ValueError: the file is not JSON.
    """
    places = (folder / OBJECTS_FILE for folder in (annotations, annotations.parent))
    if (file := next((place for place in places if place.is_file()), None)) is None:
        return {}
    try:
        found = parse_json(file.read_bytes())
    except (OSError, ValueError) as problem:
        raise ValueError(f"{str(file)!r} is not JSON ({problem}); export again, or remove it") from None
    named = found.items() if isinstance(found, dict) else ()
    return {video_id: ids for video_id, ids in named if isinstance(ids, dict) and _are_ids(ids.values())}


def _are_ids(values: Any) -> bool:
    return all(isinstance(value, str) and value for value in values)
