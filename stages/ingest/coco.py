"""Boxes in COCO JSON: ``images``, ``annotations`` with ``bbox`` [x, y, width, height] in pixels, ``categories``.

An image names its video and frame by ``file_name`` = ``<video>/<frame>.jpg`` (``<frame>.jpg`` when there is one video
only), which means the frame of that name, or by ``video_id`` (of ``videos``, or a name) and ``frame_index``, counted
from 0. Boxes of one ``track_id`` on several frames are one object; without it, every annotation is an object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from schemas.localizations import Localization
from stages.ingest.boxes import GROUP, require_in_image
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame, frame_named, identifier, items, mapping, number, optional_text, text
from stages.ingest.parsed import Parsed

FRAME_FIELDS = ("frame_index", "frame_idx", "frame_id")
OBJECT_FIELDS = ("track_id", "instance_id", "object_id", "id")


@dataclass(frozen=True, slots=True)
class Image:
    """A frame that annotations refer to; ``size`` is (width, height) in pixels when it is told.

    ``video_id`` is empty when the file names no video; ``frame_name`` is empty when it gives a position.
    """

    video_id: str
    frame_idx: int
    frame_name: str
    size: tuple[float, float] | None


def parse(document: Any, input_uri: str) -> Parsed:
    """One localization an annotation."""
    parsed = Parsed(input_uri)
    document = mapping(document, "an object with images and annotations")
    videos = _names(document.get("videos"))
    categories = _names(document.get("categories"))
    images: dict[str, Image] = {}
    for raw in items(document, "images"):
        with parsed.entry(f"image {optional_text(raw, 'id')}"):
            image_id = text(raw, "id")
            images[image_id] = _read_image(raw, videos)
    for raw in items(document, "annotations"):
        with parsed.entry(f"annotation {optional_text(raw, 'id')}"):
            parsed.localizations.append(_read_annotation(raw, images, categories, input_uri))
    return parsed


def _names(entries: Any) -> dict[str, str]:
    found = ((optional_text(e, "id"), optional_text(e, "name")) for e in (entries if isinstance(entries, list) else []))
    return {key: name for key, name in found if key and name}


def _read_image(raw: Any, videos: Mapping[str, str]) -> Image:
    size = (number(raw["width"], "width"), number(raw["height"], "height")) if {"width", "height"} <= set(raw) else None
    told = next((raw[name] for name in FRAME_FIELDS if name in raw), None)
    if told is not None and "video_id" in raw:
        video_id = text(raw, "video_id")
        return Image(videos.get(video_id, video_id), *frame(told), size)
    path = PurePosixPath(text(raw, "file_name").replace("\\", "/"))
    folder = "" if str(path.parent) in (".", "/") else str(path.parent)
    video_id = optional_text(raw, "video_id")
    return Image(videos.get(video_id, "") or folder or video_id, *frame_named(path.name), size)


def _read_annotation(
    raw: Any, images: Mapping[str, Image], categories: Mapping[str, str], input_uri: str
) -> Localization:
    image = images.get(text(raw, "image_id"))
    if image is None:
        raise IngestError("unknown_image", f"image_id {raw['image_id']!r} is not among the usable images")
    bbox = items(raw, "bbox")
    if len(bbox) != 4:
        raise IngestError("malformed", f"bbox {bbox} is not [x, y, width, height]")
    x, y, width, height = (number(v, "bbox") for v in bbox)
    object_id = next((found for name in OBJECT_FIELDS if (found := identifier(raw.get(name)))), None)
    if object_id is None:
        raise IngestError("missing_field", f"an annotation needs an object's id: one of {', '.join(OBJECT_FIELDS)}")
    return Localization(
        image.video_id,
        object_id,
        image.frame_idx,
        require_in_image((x, y, x + width, y + height), image.size),
        categories.get(str(field(raw, "category_id")), "") if "category_id" in raw else "",
        optional_text(raw, "caption") or optional_text(raw, "expression"),
        GROUP,
        "box",
        input_uri,
        image.frame_name,
    )
