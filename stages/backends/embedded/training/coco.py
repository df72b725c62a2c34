"""COCO instances: a JSON file of ``images`` and ``annotations`` with ``segmentation``, and a folder of the images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from schemas.json_text import parse_json
from stages.backends.embedded.training.pictures import Picture, decode_image, hold_out, make_picture


def read_coco(file: Path, images: Path) -> tuple[list[Picture], list[str]]:
    """The pictures that have segmentations, and what could not be used, in words. Crowd regions are left out.

    Args:
        file: the instances.
        images: folder that ``file_name`` of every image is below.

    Raises:
        ValueError: the file is not COCO JSON; the message names it.
    """
    document = _read(file)
    annotations: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for annotation in document["annotations"]:
        if isinstance(annotation, dict) and annotation.get("segmentation") and not annotation.get("iscrowd"):
            annotations[annotation.get("image_id")].append(annotation)
    pictures: list[Picture] = []
    problems: list[str] = []
    for entry in document["images"]:
        own = annotations.get(entry.get("id"), []) if isinstance(entry, dict) else []
        if not own:
            continue
        try:
            picture = _picture(file, entry, own, images)
        except (OSError, ValueError, TypeError, KeyError, IndexError) as problem:
            problems.append(f"{file}: image {entry.get('file_name') or entry.get('id')!r}: {problem}")
            continue
        pictures += [picture] if picture else []
    return hold_out(pictures, [picture.key for picture in pictures]), problems


def _read(file: Path) -> dict[str, Any]:
    try:
        document = parse_json(file.read_bytes())
    except (OSError, ValueError) as problem:
        raise ValueError(f"{file} cannot be read as JSON: {problem}") from None
    if not isinstance(document, dict) or not all(isinstance(document.get(n), list) for n in ("images", "annotations")):
        raise ValueError(f"{file} is not a COCO file: it needs lists of images and of annotations")
    return document


def _picture(file: Path, entry: Mapping[str, Any], own: list[Mapping[str, Any]], images: Path) -> Picture | None:
    name = str(entry["file_name"])
    path = images / name
    if not path.resolve().is_relative_to(images.resolve()):
        raise ValueError(f"file_name {name!r} leads out of {images}")
    image = decode_image(path.read_bytes(), str(path))
    size = (int(entry.get("height", image.shape[0])), int(entry.get("width", image.shape[1])))
    if size != image.shape[:2]:
        raise ValueError(f"it has {image.shape[1]}x{image.shape[0]} pixels; the file says {size[1]}x{size[0]}")
    return make_picture(name, file.stem, image, [_mask(annotation["segmentation"], *size) for annotation in own])


def _mask(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """(H, W) bool of polygons or of run lengths."""
    if isinstance(segmentation, list):
        coded = coco.merge(coco.frPyObjects([[float(v) for v in part] for part in segmentation], height, width))
    else:
        if list(segmentation["size"]) != [height, width]:
            raise ValueError(f"run lengths of size {segmentation['size']} in an image of {[height, width]}")
        is_plain = isinstance(segmentation["counts"], list)
        coded = coco.frPyObjects(segmentation, height, width) if is_plain else dict(segmentation)
    decoded: NDArray[np.uint8] = coco.decode(coded)
    return decoded.astype(bool)
