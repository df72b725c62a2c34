"""Verified points as export writes them for training: Parquet with a row a frame or an object, and TAR shards.

A row of a frame has ``video_id``, ``frame_idx`` and ``objects`` with ``x``, ``y`` and ``label``; a row of an object has
``object_id`` and ``frames`` with them; a row of the run's own ``points/`` is one point. A TAR shard holds a JSON
document a frame, like a row of a frame.
"""

from __future__ import annotations

import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.json_text import parse_json
from schemas.localizations import Clicks, Localization
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame, items, mapping, number, optional_text, shown, shown_keys, text
from stages.ingest.parsed import Parsed

PARQUET, TAR = ".parquet", ".tar"
SUFFIXES = (PARQUET, TAR)
GROUP = "objects"
_POINT = ("x", "y", "label")
_NEEDED = (
    {"video_id", "frame_idx", "objects"},
    {"video_id", "object_id", "frames"},
    {"object_id", "frame_idx", *_POINT},
)
"""Columns of a row of a frame, of an object, and of a point."""
_UNREAD = {"image"}
_MOST_BYTES = 1 << 26
"""Of a JSON document in a shard: compressed ones may claim any size."""

Key = tuple[str, str, int]
"""Video, object, frame index."""


class _Found:
    """The points of a file by object and frame."""

    def __init__(self) -> None:
        self.points: dict[Key, list[tuple[float, float, int]]] = defaultdict(list)
        self.words: dict[Key, tuple[str, str]] = {}

    def add(self, of_frame: Mapping[str, Any], of_object: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Add the points of an object on a frame: rows of the frame, the object, and the points."""
        idx, _ = frame(field(of_frame, "frame_idx"))
        key = (text(of_object if "video_id" in of_object else of_frame, "video_id"), text(of_object, "object_id"), idx)
        self.words[key] = (optional_text(of_object, "object_name"), optional_text(of_object, "expression"))
        columns = [items(given, name) for name in _POINT]
        for x, y, label in zip(*columns, strict=True):
            if label is None:
                continue
            if label not in (0, 1):
                raise IngestError("bad_label", f"label {shown(label)} is not 1 (on the object) or 0 (off it)")
            self.points[key].append((number(x, "x"), number(y, "y"), int(label)))


def parse(path: Path) -> Parsed:
    """One localization for every object and frame that has a point on the object."""
    parsed, found = Parsed(str(path)), _Found()
    rows = _parquet_rows(path) if path.suffix.lower() == PARQUET else _tar_documents(path)
    for place, row in rows:
        with parsed.entry(place):
            _add(row, found)
    silent: dict[tuple[str, str], list[int]] = defaultdict(list)
    for key, own in found.points.items():
        if any(label for _, _, label in own):
            hint = Clicks(tuple((x, y) for x, y, _ in own), tuple(label for _, _, label in own))
            video_id, object_id, idx = key
            parsed.localizations.append(
                Localization(video_id, object_id, idx, hint, *found.words[key], GROUP, hint.kind, parsed.input_uri)
            )
        else:
            silent[key[:2]].append(key[2])
    for (video_id, object_id), idxs in silent.items():
        where = shown_keys(map(str, idxs))
        detail = f"no point has label 1 on frames {where}: nothing is on the object there"
        parsed.reject(f"{video_id}/{object_id}", "no_positive_click", detail)
    return parsed


def without_copies(paths: Sequence[Path]) -> list[Path]:
    """The files without rows of frames whose points are in rows of objects too, as in a Hugging Face dataset."""
    folders = {path.parent for path in paths if path.suffix.lower() == PARQUET}
    copies = {folder for folder in folders if folder.name == "frames" and folder.with_name("objects") in folders}
    return [path for path in paths if path.parent not in copies]


def _add(given: Any, found: _Found) -> None:
    row = mapping(given, "a document of a frame")
    if "objects" in row:
        for one in items(row, "objects"):
            found.add(row, {"video_id": field(row, "video_id"), **mapping(one, "an object")}, one)
    elif "frames" in row:
        for one in items(row, "frames"):
            found.add(one, row, one)
    else:
        found.add(row, row, {name: [field(row, name)] for name in _POINT})


def _parquet_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with pq.ParquetFile(path) as file:
            names = set(file.schema_arrow.names)
            if not any(needed <= names for needed in _NEEDED):
                there = shown_keys(sorted(names))
                raise IngestError("unknown_format", f"{str(path)!r} is not a table of points; its columns are {there}")
            columns = sorted(names - _UNREAD)
            start = 0
            for batch in file.iter_batches(1024, columns=columns):
                for place, row in enumerate(batch.to_pylist(), start=start):
                    yield f"row {place}", row
                start += batch.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise IngestError("unreadable", f"{str(path)!r} cannot be read as Parquet: {problem}") from None


def _tar_documents(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith(".json") else None
                if file and member.size > _MOST_BYTES:
                    raise ValueError(f"{member.name!r} has {member.size:,} bytes; up to {_MOST_BYTES:,} are read")
                if file:
                    yield member.name, parse_json(file.read())
    except (tarfile.TarError, OSError, ValueError) as problem:
        raise IngestError("unreadable", f"{str(path)!r} cannot be read as TAR of JSON documents: {problem}") from None
