"""Documents that are not read: what they are, how to convert them, and which keys look misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from stages.ingest.fields import did_you_mean, shown_keys

_HEADER = "video,frame,object,x0,y0,x1,y1"
_KEYS = {
    "clicks": ("frame", "points", "object_id", "x", "y", "label"),
    "boxes": ("images", "annotations", "categories", "bbox", "segmentation", "image_id", "file_name"),
    "scribbles": ("sequence", "scribbles", "path", "object_id"),
    "vidln": ("dataset_id", "video_id", "keyframe_names", "actor_narratives", "traces"),
    "point_vos": ("question_hash", "video_name", "annotated_points", "frame_id", "status", "is_fg_candidate"),
    "sav": ("video_id", "masklet", "masklet_id"),
    "label_studio": ("data", "annotations", "predictions", "result"),
    "labelme": ("shapes", "shape_type", "points", "imagePath", "imageWidth", "imageHeight"),
    "expressions": ("videos", "expressions", "exp", "video", "object", "expression"),
}
_VIA = "a VGG Image Annotator project; export it as COCO instead"
_WITHOUT_HEADER = f"a table without a header; its first line must name the columns, such as {_HEADER}"
_MOST_KEYS, _DEEPEST = 200, 5
_NUMBERS = re.compile(r"[-+0-9.eE]+(?:[\s,;]+[-+0-9.eE]+)+")


def unsupported_text(content: str) -> str:
    """What a text that is neither a table of boxes nor JSON is, as the end of "FILE is ..."; empty when unknown."""
    start = content[:4000].lstrip()
    if start.startswith("<"):
        return _unsupported_xml(start)
    lines = [line.strip() for line in islice(start.split("\n"), 5) if line.strip()]
    if re.match(r"\d+ \d+ \d+ \d+ \d+ \S+$", lines[0]):
        return "MOTS text; convert it to mask PNGs <video>/<frame>.png, with mots_tools for example"
    if not all(_NUMBERS.fullmatch(line) for line in lines[:-1] or lines):
        return _WITHOUT_HEADER if all(map(_is_row, lines[:-1] or lines)) else ""
    return _WITHOUT_HEADER


def _is_row(line: str) -> bool:
    """Whether a line holds at least four numbers among other cells."""
    cells = re.split(r"[,;\t]", line)
    return sum(re.fullmatch(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*", cell) is not None for cell in cells) >= 4


def _unsupported_xml(start: str) -> str:
    if "<annotation" in start:
        return f"Pascal VOC XML; convert it to COCO JSON, or to a CSV with the header {_HEADER}"
    return "XML; give COCO JSON or a CSV of boxes instead"


_TOOLS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"_via_settings"}), _VIA),
    (frozenset({"_via_img_metadata"}), _VIA),
    (frozenset({"shapes", "tracks", "tags"}), "a CVAT backup; export the task from CVAT as 'COCO 1.0' instead"),
    (frozenset({"data_row"}), "a Labelbox export; convert it to COCO JSON"),
    (frozenset({"item", "annotations"}), "a V7 Darwin file; export the dataset from V7 as COCO instead"),
    (frozenset({"items", "categories"}), "a Datumaro dataset; convert it with: datum convert -f coco"),
    (frozenset({"sequences", "categories"}), "TAO or BURST JSON; convert it to YouTube-VIS JSON or mask PNGs"),
    (frozenset({"framesCount", "frames"}), "a Supervisely video annotation; export it as COCO instead"),
)
"""Keys of the first object → what has them."""


def unsupported_document(document: Any) -> str:
    """What a JSON document of another tool is, as the end of "FILE is ..."; empty when unknown."""
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, Mapping):
        return ""
    if any(isinstance(v, Mapping) and isinstance(v.get("objects"), Mapping) for v in _values(first.get("videos"))):
        return "the meta.json of YouTube-VOS, which has no locations; give the folder of its mask PNGs (Annotations)"
    if any(isinstance(v, Mapping) and {"filename", "regions"} <= v.keys() for v in _values(document)):
        return _VIA
    return next((what for keys, what in _TOOLS if keys <= first.keys()), "")


def _values(value: Any) -> Iterator[Any]:
    return islice(value.values(), 3) if isinstance(value, Mapping) else iter(())


def keys_of(document: Any) -> str:
    """Which keys an unknown document has and which look misspelt, as a part of a sentence; empty when it has none."""
    seen = list(dict.fromkeys(islice(_keys(document, 0), _MOST_KEYS)))
    if not seen:
        return ""
    hits = {name: sum(bool(key in seen or did_you_mean([key], seen)) for key in keys) for name, keys in _KEYS.items()}
    nearest = max(hits, key=lambda name: hits[name])
    missing = [key for key in _KEYS[nearest] if key not in seen]
    near = f"; nearest is {nearest}{did_you_mean(missing, [key for key in seen if key not in _KEYS[nearest]])}"
    return f"its keys are {shown_keys(seen)}{near if hits[nearest] > 1 else ''}"


def _keys(value: Any, depth: int) -> Iterator[str]:
    """Keys from the outside in, of the first entries of lists."""
    if depth > _DEEPEST:
        return
    inner = list(islice(value.values() if isinstance(value, Mapping) else value, 3)) if _is_holder(value) else []
    if isinstance(value, Mapping):
        yield from islice(value, _MOST_KEYS)
    for entry in inner:
        yield from _keys(entry, depth + 1)


def _is_holder(value: Any) -> bool:
    return isinstance(value, Mapping | list)
