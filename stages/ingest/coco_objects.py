"""Which annotations of a COCO file are one object.

Those of one ``track_id`` are (CVAT writes it under ``attributes``). An annotation without a track is the object of its
``id``; where two annotations of one image share an id, ids say nothing, and every annotation is an object of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from stages.ingest.fields import identifier, optional_text
from stages.ingest.parsed import Parsed

TRACK_FIELDS = ("track_id", "instance_id", "object_id")
OBJECT_FIELDS = (*TRACK_FIELDS, "id")


def object_ids(annotations: Sequence[Any], categories: Mapping[str, str], parsed: Parsed) -> list[str]:
    """An object id for every annotation; empty for one that has none.

    Args:
        annotations: of the file.
        categories: name by category id.
        parsed: takes a reject when ids are shared by several objects.
    """
    tracks = [_track(raw) for raw in annotations]
    if _share_tracks(annotations, tracks):
        tracks = [
            track and f"{_category(raw, categories)}-{track}" for raw, track in zip(annotations, tracks, strict=True)
        ]
    known = set(tracks) - {""}
    ids = _own_ids(annotations, tracks, parsed)
    return [track or (f"annotation-{own}" if own in known else own) for track, own in zip(tracks, ids, strict=True)]


def _track(raw: Any) -> str:
    for holder in (raw, raw.get("attributes")) if isinstance(raw, Mapping) else ():
        for name in TRACK_FIELDS:
            if isinstance(holder, Mapping) and (found := identifier(holder.get(name))):
                return found
    return ""


def _share_tracks(annotations: Sequence[Any], tracks: Sequence[str]) -> bool:
    """Whether track numbers restart in every category."""
    categories: dict[tuple[str, str], set[str]] = defaultdict(set)
    for raw, track in zip(annotations, tracks, strict=True):
        if track:
            categories[optional_text(raw, "image_id"), track].add(optional_text(raw, "category_id"))
    return any(len(found) > 1 for found in categories.values())


def _category(raw: Any, categories: Mapping[str, str]) -> str:
    category_id = optional_text(raw, "category_id")
    return categories.get(category_id, category_id)


def _own_ids(annotations: Sequence[Any], tracks: Sequence[str], parsed: Parsed) -> list[str]:
    """The ``id`` of every annotation without a track, or its place in the file, counted from 1."""
    shapes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for raw, track in zip(annotations, tracks, strict=True):
        if not track and (own := optional_text(raw, "id")):
            shape = repr([raw.get(name) for name in ("bbox", "segmentation", "category_id")])
            shapes[optional_text(raw, "image_id"), own].add(shape)
    shared = sorted({own for (_, own), found in shapes.items() if len(found) > 1})
    if not shared:
        return [optional_text(raw, "id") for raw in annotations]
    detail = (
        f"id {shared[0]!r} stands for several annotations of one image; every annotation is read as an object of its "
        "own, numbered by its place in the file; give annotations of one object the same track_id"
    )
    parsed.reject(f"annotation {shared[0]}", "shared_annotation_id", detail)
    return [str(place) for place in range(1, len(annotations) + 1)]
