"""Which format a localization file has, told by its content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from stages.ingest import (
    boxes,
    cvat,
    expressions,
    label_studio,
    labelme,
    mot,
    point_tables,
    point_vos,
    sav,
    tapvid,
    yolo,
)
from stages.ingest.documents import parse_json, read_text
from stages.ingest.errors import IngestError
from stages.ingest.unsupported import keys_of, unsupported_document, unsupported_text
from stages.ingest.video_instances import is_video_instances

AUTO = "auto"
FORMATS = {
    "vidln": "Video Localized Narratives, one JSON object a line",
    "clicks": 'JSON {video: {"frame": 0, "points": [{"object_id", "x", "y", "label"}]}}',
    "boxes": "CSV with the header video,frame,object,x0,y0,x1,y1; or COCO or YouTube-VIS JSON, masks too",
    "scribbles": "DAVIS interactive JSON",
    "masks": "folder <video>/<frame>.png of palette, grey or colour masks, or <video>/<object>/<frame>.png",
    "expressions": 'Ref-YouTube-VOS meta_expressions.json, or one JSON {"video", "object", "expression"} a line',
    "cvat": "XML of CVAT for video or for images",
    "label_studio": "JSON or JSON-MIN export of Label Studio",
    "labelme": "folder <video>/<frame>.json of labelme",
    "mot": "MOT challenge text, <video>/gt/gt.txt or <video>.txt",
    "point_vos": "JSON or JSON lines of the Point-VOS release, {id: {video_name, annotated_points}}",
    "points": "Parquet or TAR shards of verified points, as export writes them for training",
    "sav": "SA-V JSON <video>_manual.json",
    "tapvid": "pickle of TAP-Vid, {video: {points, occluded}}",
    "yolo": "folder of YOLO labels, boxes or polygons, <video>/<frame>.txt or <video>_<number>.txt",
}
_BY_SUFFIX = {".png": "masks", tapvid.SUFFIX: "tapvid", **dict.fromkeys(point_tables.SUFFIXES, "points")}


def detect_format(path: Path) -> str:
    """The format of a file, told by its content.

    Raises:
        IngestError: ``unknown_format``, with the known ones; or the file cannot be read.
    """
    if found := _BY_SUFFIX.get(path.suffix.lower()):
        return found
    content = read_text(path).lstrip()
    if boxes.is_header(content.split("\n", 1)[0]):
        return "boxes"
    lines = list(islice(content.split("\n"), 20))
    by_line = {"vidln": _is_narrative, "expressions": expressions.is_expression, "point_vos": point_vos.is_line}
    if found := next((name for name, fits in by_line.items() if any(map(fits, lines))), None):
        return found
    if not content.startswith(("{", "[")):
        tables = {"cvat": cvat.is_cvat, "mot": mot.is_tracks, "yolo": yolo.is_labels}
        if found := next((name for name, fits in tables.items() if fits(content)), None):
            return found
        raise _unknown_format(path, unsupported_text(content))
    return _classify(parse_json(content, str(path)), path)


def _is_narrative(line: str) -> bool:
    try:
        narrative = parse_json(line, "line")
    except IngestError:
        return False
    return isinstance(narrative, dict) and "actor_narratives" in narrative


def _classify(document: Any, path: Path) -> str:
    if document in ({}, []):
        raise IngestError("no_localizations", f"{str(path)!r} holds an empty JSON document, so no localizations")
    if found := _first(_EXPORTS, document):
        return found
    if foreign := unsupported_document(document):
        raise _unknown_format(path, foreign)
    if found := _first(_DOCUMENTS, document):
        return found
    raise _unknown_format(path, keys=keys_of(document))


def _first(shapes: Mapping[str, Callable[[Any], bool]], document: Any) -> str | None:
    return next((name for name, fits in shapes.items() if fits(document)), None)


def _is_scribbles(document: Any) -> bool:
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and "scribbles" in first


def _is_boxes(document: Any) -> bool:
    return is_video_instances(document) or (isinstance(document, dict) and {"images", "annotations"} <= set(document))


def _is_clicks(document: Any) -> bool:
    return isinstance(document, dict) and any(_has_points(entry) for entry in document.values())


def _has_points(entry: Any) -> bool:
    first = entry[0] if isinstance(entry, list) and entry else entry
    return isinstance(first, dict) and not {"points", "boxes", "strokes"}.isdisjoint(first)


_EXPORTS: Mapping[str, Callable[[Any], bool]] = {
    "label_studio": label_studio.is_export,
    "labelme": labelme.is_frame,
    "sav": sav.is_masklets,
    "point_vos": point_vos.is_entries,
}
"""Documents with keys of their own, which are looked at before those of tools that are not read."""
_DOCUMENTS: Mapping[str, Callable[[Any], bool]] = {
    "scribbles": _is_scribbles,
    "expressions": expressions.is_meta,
    "boxes": _is_boxes,
    "clicks": _is_clicks,
}


def _unknown_format(path: Path, foreign: str = "", keys: str = "") -> IngestError:
    if foreign:
        return IngestError("foreign_format", f"{str(path)!r} is {foreign}")
    known = "; ".join(f"{name}: {what}" for name, what in FORMATS.items())
    seen = f": {keys}" if keys else ""
    return IngestError("unknown_format", f"cannot tell the format of {str(path)!r}{seen}; known are {known}")
