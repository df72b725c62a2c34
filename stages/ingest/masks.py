"""Masks in PNG folders as DAVIS keeps them: ``<root>/<video>/<frame>.png``; see :mod:`stages.video.mask_images`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from schemas.localizations import Localization, MaskHint
from schemas.masks import encode_rle
from stages.ingest.errors import IngestError
from stages.ingest.fields import frame_named
from stages.ingest.parsed import Parsed
from stages.video.corpus import printable_path
from stages.video.mask_folders import annotations_of, object_names
from stages.video.mask_images import FULL, MaskImageError, object_id, read_mask_image

GROUP = "objects"


def parse(root: Path, paths: Iterable[Path]) -> Parsed:
    """One localization for every object of every mask; the video is the folder below ``root`` (or ``root`` itself).

    Where ``root`` has a folder ``Annotations``, as datasets do, its masks are read and no others. ``objects.json``, as
    our own export writes it, tells the objects of indices.
    """
    parsed = Parsed(str(root))
    root, paths = _annotations(root, paths)
    ids = _names(root)
    full: dict[str, list[Localization]] = {}
    numbered: set[str] = set()
    for path in sorted(paths):
        folder = path.parent.relative_to(root).as_posix()
        video_id = path.parent.name if folder == "." else folder
        with parsed.entry(f"{video_id}/{path.name}"):
            _require_utf8(path)
            found = _read_mask(path, video_id, parsed.input_uri, ids.get(video_id, {}))
            full.setdefault(video_id, []).extend(found.pop(FULL, []))
            numbered |= {video_id} if found else set()
            parsed.localizations += [one for same in found.values() for one in same]
    for video_id in (video_id for video_id in full if video_id not in numbered):
        parsed.localizations += full[video_id]
        if not full[video_id]:
            parsed.reject(video_id, "empty_mask", "none of its masks marks a pixel of an object")
    return parsed


def _annotations(root: Path, paths: Iterable[Path]) -> tuple[Path, list[Path]]:
    folder, every = annotations_of(root), list(paths)
    own = [path for path in every if folder in path.parents]
    return (folder, own) if own else (root, every)


def _names(root: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        return object_names(root)
    except ValueError as problem:
        raise IngestError("not_json", str(problem)) from None


def _require_utf8(path: Path) -> None:
    if printable_path(str(path)) != str(path):
        detail = f"the name '{printable_path(str(path))}' is not UTF-8; rename it, e.g. with convmv"
        raise IngestError("name_not_utf8", detail)


def _read_mask(path: Path, video_id: str, input_uri: str, ids: Mapping[str, str]) -> dict[int, list[Localization]]:
    """The objects of one mask by their label."""
    idx, name = frame_named(path.name)
    try:
        labels = read_mask_image(path)
    except MaskImageError as problem:
        raise IngestError(problem.error, problem.detail) from None
    return {
        label: [
            Localization(
                video_id,
                ids.get(str(label)) or object_id(1 if label == FULL else label),
                idx,
                MaskHint(encode_rle(labels == label), *labels.shape),
                group=GROUP,
                rule="mask",
                input_uri=input_uri,
                frame_name=name,
            )
        ]
        for label in np.unique(labels[(labels > 0) | (labels == FULL)]).tolist()
    }
