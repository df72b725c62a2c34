"""COCO JSON: ``images``, ``annotations`` with ``segmentation`` or ``bbox`` in pixels, ``categories``.

A segmentation (polygons, run lengths; crowd regions too) is a mask; without one, ``bbox`` [x, y, width, height] is a
box. An image names its video and frame by ``file_name`` = ``<video>/<frame>.jpg`` (``<frame>.jpg`` when there is one
video only), which means the frame of that name, or by ``video_id`` (of ``videos``, or a name) and ``frame_index``,
counted from 0. What :mod:`stages.ingest.coco_objects` gives one name is one object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from schemas.localizations import Box, Localization, MaskHint
from stages.ingest.boxes import GROUP, require_in_image
from stages.ingest.coco_objects import OBJECT_FIELDS, object_ids
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame, frame_named, items, mapping, number, optional_text, shown, text
from stages.ingest.parsed import Parsed
from stages.ingest.segmentations import is_given, read_mask

FRAME_FIELDS = ("frame_index", "frame_idx", "frame_id")
Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Image:
    """A frame that annotations refer to; ``size`` is (width, height) in pixels when it is told.

    ``video_id`` is empty when the file names no video; ``frame_name`` is empty when it gives a position.
    """

    video_id: str
    frame_idx: int
    frame_name: str
    size: Size | None


def parse(document: Any, input_uri: str) -> Parsed:
    """One localization an annotation."""
    parsed = Parsed(input_uri)
    document = mapping(document, "an object with images and annotations")
    videos = names_by_id(document.get("videos"))
    categories = names_by_id(document.get("categories"))
    images: dict[str, Image] = {}
    for raw in items(document, "images"):
        with parsed.entry(f"image {optional_text(raw, 'id')}"):
            image_id = text(raw, "id")
            images[image_id] = _read_image(raw, videos)
    annotations = items(document, "annotations")
    for raw, object_id in zip(annotations, object_ids(annotations, categories, parsed), strict=True):
        key = f"annotation {optional_text(raw, 'id')}"
        with parsed.entry(key):
            image = images.get(text(raw, "image_id"))
            if image is None:
                raise IngestError("unknown_image", f"image_id {raw['image_id']!r} is not among the usable images")
            if not object_id:
                wanted = ", ".join(OBJECT_FIELDS)
                raise IngestError("missing_field", f"an annotation needs an object's id: one of {wanted}")
            hint = read_shape(raw, image.size, key, parsed)
            parsed.localizations.append(_localization(raw, image, object_id, hint, categories, input_uri))
    return parsed


def names_by_id(entries: Any) -> dict[str, str]:
    """Name by id of categories, or of videos."""
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


def read_shape(raw: Mapping[str, Any], size: Size | None, key: str, parsed: Parsed) -> Box | MaskHint:
    """The mask of ``segmentation`` if it says anything, else the box of ``bbox``."""
    if is_given(raw.get("segmentation")):
        return read_mask(raw["segmentation"], size, key, parsed)
    bbox = items(raw, "bbox")
    if len(bbox) != 4:
        raise IngestError("malformed", f"bbox {shown(bbox)} is not [x, y, width, height]")
    x, y, width, height = (number(v, "bbox") for v in bbox)
    return require_in_image((x, y, x + width, y + height), size)


def _localization(
    raw: Mapping[str, Any],
    image: Image,
    object_id: str,
    hint: Box | MaskHint,
    categories: Mapping[str, str],
    input_uri: str,
) -> Localization:
    return Localization(
        image.video_id,
        object_id,
        image.frame_idx,
        hint,
        categories.get(str(field(raw, "category_id")), "") if "category_id" in raw else "",
        optional_text(raw, "caption") or optional_text(raw, "expression"),
        GROUP,
        hint.kind,
        input_uri,
        image.frame_name,
    )
