"""Masks in PNG folders as DAVIS keeps them: ``<root>/<video>/<frame>.png``.

In a palette image every index is an object, 0 the background and 255 "ignore". In a gray image every value is; when
255 is the only one it is a binary mask, whose object is called ``1``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from schemas.localizations import Localization, MaskHint
from schemas.masks import encode_rle
from stages.ingest.errors import IngestError
from stages.ingest.fields import frame_named
from stages.ingest.parsed import Parsed

GROUP = "objects"
IGNORE = 255


def parse(root: Path, paths: Iterable[Path]) -> Parsed:
    """One localization for every object of every mask; the video is the folder below ``root`` (or ``root`` itself)."""
    parsed = Parsed(str(root))
    n_masks: dict[str, int] = {}
    for path in sorted(paths):
        folder = path.parent.relative_to(root).as_posix()
        video_id = path.parent.name if folder == "." else folder
        with parsed.entry(f"{video_id}/{path.name}"):
            found = _read_mask(path, video_id, parsed.input_uri)
            n_masks[video_id] = n_masks.get(video_id, 0) + len(found)
            parsed.localizations += found
    for video_id in (video_id for video_id, n in n_masks.items() if not n):
        parsed.reject(video_id, "empty_mask", "none of its masks marks a pixel of an object")
    return parsed


def _read_mask(path: Path, video_id: str, input_uri: str) -> list[Localization]:
    idx, name = frame_named(path.name)
    labels = read_labels(path)
    return [
        Localization(
            video_id,
            str(value),
            idx,
            MaskHint(encode_rle(labels == value), *labels.shape),
            group=GROUP,
            rule="mask",
            input_uri=input_uri,
            frame_name=name,
        )
        for value in np.unique(labels)[np.unique(labels) > 0].tolist()
    ]


def read_labels(path: Path) -> NDArray[np.int64]:
    """(H, W) int64 object labels, 0 for background and for "ignore".

    Raises:
        IngestError: ``empty_file``, ``not_an_image`` or ``colour_mask``.
    """
    if not path.stat().st_size:
        raise IngestError("empty_file", f"{str(path)!r} is empty")
    try:
        with Image.open(path) as image:
            mode, values = image.mode, np.asarray(image)
    except (UnidentifiedImageError, OSError, SyntaxError) as problem:
        raise IngestError("not_an_image", f"{str(path)!r} cannot be read as an image: {problem}") from None
    return _labels(values, mode, path)


def _labels(values: NDArray[Any], mode: str, path: Path) -> NDArray[np.int64]:
    if values.ndim == 3:
        colours = values[..., :3] if mode in ("RGB", "RGBA") else values[..., :1]
        if (colours != colours[..., :1]).any():
            detail = f"{str(path)!r} is a colour image ({mode}); save masks as palette or gray PNG"
            raise IngestError("colour_mask", detail)
        values = colours[..., 0]
    labels = values.astype(np.int64)
    is_binary = mode != "P" and set(np.unique(labels).tolist()) <= {0, IGNORE}
    labels[labels == IGNORE] = 1 if is_binary else 0
    return labels
