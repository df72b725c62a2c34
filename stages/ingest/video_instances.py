"""Video instances as YouTube-VIS and OVIS write them: COCO JSON whose annotations span a video.

``{"videos": [{"id", "file_names", "width", "height"}], "annotations": [{"id", "video_id", "segmentations" or
"bboxes"}], "categories"}``: one annotation is one object; its lists hold an entry a file name, null where it is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.localizations import Localization
from stages.ingest.boxes import GROUP
from stages.ingest.coco import Size, names_by_id, read_shape
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, frame_named, items, mapping, number, optional_text, text
from stages.ingest.parsed import Parsed


@dataclass(frozen=True, slots=True)
class Clip:
    """A video that annotations refer to: its id, the file names of its frames, (width, height) of them."""

    video_id: str
    file_names: Sequence[Any]
    size: Size | None


def is_video_instances(document: Any) -> bool:
    """Whether a document is of this layout."""
    videos = document.get("videos") if isinstance(document, Mapping) else None
    return isinstance(videos, list) and any(isinstance(v, Mapping) and "file_names" in v for v in videos[:20])


def parse(document: Any, input_uri: str) -> Parsed:
    """One localization for every frame of every annotation."""
    parsed = Parsed(input_uri)
    categories = names_by_id(mapping(document, "an object with videos and annotations").get("categories"))
    clips: dict[str, Clip] = {}
    for raw in items(document, "videos"):
        with parsed.entry(f"video {optional_text(raw, 'id')}"):
            clips[text(raw, "id")] = _read_clip(raw)
    for raw in items(document, "annotations"):
        key = f"annotation {optional_text(raw, 'id')}"
        with parsed.entry(key):
            clip = clips.get(text(raw, "video_id"))
            if clip is None:
                raise IngestError("unknown_video", f"video_id {raw['video_id']!r} is not among the usable videos")
            _read_annotation(raw, clip, categories.get(optional_text(raw, "category_id"), ""), key, parsed)
    return parsed


def _read_clip(raw: Any) -> Clip:
    names = items(raw, "file_names")
    folder = str(names[0]).replace("\\", "/").rpartition("/")[0] if names else ""
    size = (number(raw["width"], "width"), number(raw["height"], "height")) if {"width", "height"} <= set(raw) else None
    return Clip(folder or optional_text(raw, "name"), names, size)


def _read_annotation(raw: Mapping[str, Any], clip: Clip, category: str, key: str, parsed: Parsed) -> None:
    object_id = text(raw, "id")
    shapes = {name: raw.get(f"{name}es" if name == "bbox" else f"{name}s") for name in ("segmentation", "bbox")}
    given = {name: found for name, found in shapes.items() if isinstance(found, list) and found}
    if not given:
        field(raw, "segmentations")
        raise IngestError("empty_mask", "its segmentations and bboxes are empty")
    for name, found in given.items():
        if len(found) != len(clip.file_names):
            raise IngestError("malformed", f"{name}: {len(found)} entries for {len(clip.file_names)} file_names")
    for place, file_name in enumerate(clip.file_names):
        entry = {name: found[place] for name, found in given.items() if found[place]}
        if not entry:
            continue
        with parsed.entry(f"{key}, {file_name}"):
            idx, frame_name = frame_named(str(file_name))
            hint = read_shape(entry, clip.size, key, parsed)
            parsed.localizations.append(
                Localization(
                    clip.video_id, object_id, idx, hint, category, "", GROUP, hint.kind, parsed.input_uri, frame_name
                )
            )
