"""COCO instances and YouTube-VIS: images or videos, categories, and annotations with masks.

Sources: https://cocodataset.org/#format-data, https://youtube-vos.org/dataset/vis/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pycocotools import mask as coco

from schemas.json_items import JsonItems
from schemas.limits import require_size
from schemas.run_lengths import require_rle, require_runs
from stages.validate.problems import Problem, picture_size, type_problems

_NUMBER = (int, float)
_IMAGE = {"id": (int,), "file_name": (str,), "width": (int,), "height": (int,)}
_VIDEO = {"id": (int,), "file_names": (list,), "width": (int,), "height": (int,)}
_CATEGORY = {"id": (int,), "name": (str,)}
_ANNOTATION = {"id": (int,), "image_id": (int,), "category_id": (int,), "bbox": (list,)}
_TRACK = {"id": (int,), "video_id": (int,), "category_id": (int,), "segmentations": (list,)}
_SLACK_PX = 1.0
_FOLDERS = ("", "images", "JPEGImages", "train", "val", "train2017", "val2017")


def problems_in(file: Path) -> Iterator[Problem]:
    """Every broken rule of one document."""
    yield from _Document(file).problems()


@dataclass(slots=True)
class _Document:
    """What has to be remembered of one document: ids, and sizes of images."""

    file: Path
    _sizes: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    _ids: dict[str, set[int]] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _wanted: set[int] = field(default_factory=set)
    _is_video: bool = False

    def problems(self) -> Iterator[Problem]:
        """Two passes: images and categories may stand behind the annotations."""
        try:
            yield from self._listed()
            if not self._sizes:
                yield Problem(self.file.name, "there are neither images nor videos; expected a list of them")
            yield from self._annotations()
        except (OSError, UnicodeDecodeError, ValueError) as problem:
            yield Problem(self.file.name, f"{problem}; the rest was not read")

    def _listed(self) -> Iterator[Problem]:
        for where, key, item in self._items():
            if key == "images" or (key == "videos" and isinstance(item, dict) and "file_names" in item):
                yield from self._image(where, key, item)
            elif key == "categories":
                yield from self._numbered(where, key, item, _CATEGORY)

    def _image(self, where: str, key: str, item: Any) -> Iterator[Problem]:
        fields: Mapping[str, tuple[type, ...]] = _IMAGE if key == "images" else _VIDEO
        problems = list(self._numbered(where, key, item, fields))
        yield from problems
        if problems:
            return
        self._is_video = key == "videos"
        names = item["file_names"] if self._is_video else [item["file_name"]]
        width, height = item["width"], item["height"]
        try:
            require_size("picture", height, width)
        except ValueError as problem:
            yield Problem(where, str(problem))
            return
        self._sizes[item["id"]] = (width, height, len(names))
        if odd := [name for name in names if not isinstance(name, str)]:
            yield Problem(where, f"file name {str(odd[0])[:40]!r} is not text")
            return
        if twice := [name for name in names if name in self._names]:
            yield Problem(where, f"file name {twice[0]!r} is used twice")
        self._names.update(names)
        yield from (problem for name in names for problem in self._picture(where, name, (width, height)))

    def _picture(self, where: str, name: str, size: tuple[int, int]) -> Iterator[Problem]:
        """Only where there are pictures at all: many datasets come without."""
        try:
            folder = next((f for f in _FOLDERS if (self.file.parent / f / name).is_file()), None)
        except OSError as problem:
            yield Problem(where, f"picture {name[:40]!r} cannot be read: {problem.strerror}")
            return
        if folder is None:
            return
        found = picture_size(self.file.parent / folder / name)
        if found != size:
            there = "cannot be read" if found is None else f"has {found[0]} x {found[1]} pixels"
            yield Problem(where, f"picture {name!r} {there}; expected {size[0]} x {size[1]}")

    def _annotations(self) -> Iterator[Problem]:
        for where, key, item in self._items():
            if key != "annotations":
                continue
            problems = list(self._numbered(where, key, item, _TRACK if self._is_video else _ANNOTATION))
            yield from problems
            if not problems:
                yield from self._annotation(where, item)

    def _annotation(self, where: str, item: dict[str, Any]) -> Iterator[Problem]:
        of = "video_id" if self._is_video else "image_id"
        if (size := self._sizes.get(item[of])) is None:
            yield Problem(where, f"{of} {item[of]} is not listed")
            return
        if item["category_id"] not in self._ids.get("categories", ()):
            yield Problem(where, f"category_id {item['category_id']} is not a listed category")
        if not self._is_video:
            yield from _shape_problems(where, item, size[:2])
            return
        if len(item["segmentations"]) != size[2]:
            yield Problem(where, f"{len(item['segmentations'])} segmentations for {size[2]} frames; expected as many")
        boxes = item.get("bboxes") or []
        if not isinstance(boxes, list):
            yield Problem(where, f"bboxes {str(boxes)[:40]!r} is not a list")
            return
        for place, mask in enumerate(item["segmentations"]):
            if mask is not None:
                shape = {"segmentation": mask, "bbox": boxes[place] if place < len(boxes) else None}
                yield from _shape_problems(f"{where} frame {place}", shape, size[:2])

    def _numbered(self, where: str, key: str, item: Any, fields: Mapping[str, tuple[type, ...]]) -> Iterator[Problem]:
        problems = list(type_problems(where, item, fields))
        yield from problems
        if not problems:
            seen = self._ids.setdefault(key, set())
            if item["id"] in seen:
                yield Problem(where, f"id {item['id']} is used twice")
            seen.add(item["id"])

    def _items(self) -> Iterator[tuple[str, str, Any]]:
        with self.file.open(encoding="utf-8") as opened:
            items = JsonItems(opened)
            for key, item in items:
                number = item.get("id", "?") if isinstance(item, dict) else "?"
                yield f"{self.file.name} line {items.line} {key} id {number}", key, item


def _shape_problems(where: str, item: dict[str, Any], size: tuple[int, int]) -> Iterator[Problem]:
    """The box, and the mask as polygons or run lengths, of one annotation on one image of (width, height)."""
    box, mask = item.get("bbox"), item.get("segmentation")
    if box is not None:
        yield from _box_problems(where, box, size)
    if isinstance(mask, dict):
        yield from _runs_problems(where, mask, box, size)
    elif isinstance(mask, list):
        yield from (problem for ring in mask for problem in _ring_problems(where, ring, size))
    elif mask is not None:
        yield Problem(where, f"segmentation {str(mask)[:40]!r} is neither polygons nor run lengths")


def _box_problems(where: str, box: Any, size: tuple[int, int]) -> Iterator[Problem]:
    if not _are_numbers(box) or len(box) != 4:
        yield Problem(where, f"bbox {str(box)[:60]!r} is not x, y, width, height")
        return
    x, y, width, height = box
    if width <= 0 or height <= 0:
        yield Problem(where, f"bbox ({box}) has no area; expected x, y, width, height in pixels")
    elif min(x, y) < -_SLACK_PX or x + width > size[0] + _SLACK_PX or y + height > size[1] + _SLACK_PX:
        yield Problem(where, f"bbox ({box}) leaves the image of {size[0]} x {size[1]} pixels")


def _ring_problems(where: str, ring: Any, size: tuple[int, int]) -> Iterator[Problem]:
    if not _are_numbers(ring) or len(ring) < 6 or len(ring) % 2:
        yield Problem(where, f"polygon {str(ring)[:60]!r} is not x, y of three points or more")
        return
    xs, ys = ring[::2], ring[1::2]
    if min(*xs, *ys) < -_SLACK_PX or max(xs) > size[0] + _SLACK_PX or max(ys) > size[1] + _SLACK_PX:
        yield Problem(where, f"a polygon leaves the image of {size[0]} x {size[1]} pixels")


def _runs_problems(where: str, mask: dict[str, Any], box: Any, size: tuple[int, int]) -> Iterator[Problem]:
    counts, found = mask.get("counts"), mask.get("size")
    if found != [size[1], size[0]]:
        yield Problem(where, f"run lengths of size {found}; expected height and width, {[size[1], size[0]]}")
        return
    try:
        if isinstance(counts, list):
            require_runs(counts, size[1], size[0])
        else:
            require_rle(str(counts), size[1], size[0])
    except (ValueError, TypeError) as problem:
        yield Problem(where, f"{problem}; write the run lengths again")
        return
    if box is not None and isinstance(counts, str) and not _is_around(box, counts, size):
        yield Problem(where, f"bbox ({box}) is not the one around the mask")


def _is_around(box: Any, counts: str, size: tuple[int, int]) -> bool:
    found = coco.toBbox({"size": [size[1], size[0]], "counts": counts.encode("ascii")}).tolist()
    return not _are_numbers(box) or all(abs(one - other) <= _SLACK_PX for one, other in zip(box, found, strict=False))


def _are_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(v, _NUMBER) and not isinstance(v, bool) and abs(v) < math.inf for v in values
    )
