"""Shapes that annotation tools draw frame by frame, and which of them are one object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from schemas.limits import require_size
from schemas.localizations import Hint, Localization, MaskHint, Scribble
from schemas.masks import encode_rle
from stages.ingest.boxes import GROUP
from stages.ingest.errors import IngestError
from stages.ingest.fields import whole
from stages.ingest.parsed import Parsed

_UNNAMED = "object"
_PARTS = frozenset(
    {"labels", "images", "train", "val", "test", "valid", "obj_train_data", "obj_valid_data", "annotations"}
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape on one frame.

    Attributes:
        video_id: as the file names it; empty when it names none.
        frame: index and name, as :func:`stages.ingest.fields.frame` tells them.
        name: class of the object; may be empty.
        hint: its place.
        track: what all shapes of the object share; empty when the file does not tell.
        unit: of clicks and boxes, as :class:`Localization` has it.
    """

    video_id: str
    frame: tuple[int, str]
    name: str
    hint: Hint
    track: str = ""
    unit: str = ""


def add_shapes(parsed: Parsed, shapes: Sequence[Shape]) -> None:
    """Add a localization for every shape; one with a name that no record can have is rejected.

    Shapes of one track are one object. Shapes without a track are one object where their class occurs at most once on
    every frame of the video; else each is an object of its own, numbered by its place in the file. No number makes the
    name of a track, or of another class.
    """
    tracks = {(shape.video_id, shape.track) for shape in shapes if shape.track}
    names = [shape.name or _UNNAMED for shape in shapes]
    on_frame = Counter((s.video_id, s.frame, name) for s, name in zip(shapes, names, strict=True) if not s.track)
    crowded = {(video_id, name) for (video_id, _, name), count in on_frame.items() if count > 1} | tracks
    taken = tracks | {(s.video_id, name) for s, name in zip(shapes, names, strict=True) if not s.track}
    numbers: Counter[tuple[str, str]] = Counter()
    for shape, name in zip(shapes, names, strict=True):
        object_id = shape.track or name
        if not shape.track and (shape.video_id, name) in crowded:
            object_id = _numbered(shape.video_id, name, numbers, taken)
        idx, frame_name = shape.frame
        with parsed.entry(f"{shape.video_id}/{object_id}@{idx}"):
            parsed.localizations.append(
                Localization(
                    shape.video_id,
                    object_id,
                    idx,
                    shape.hint,
                    shape.name,
                    "",
                    GROUP,
                    shape.hint.kind,
                    parsed.input_uri,
                    frame_name,
                    shape.unit,
                )
            )


def _numbered(video_id: str, name: str, numbers: Counter[tuple[str, str]], taken: Set[tuple[str, str]]) -> str:
    """The name with the next number that makes no name of another object."""
    while True:
        numbers[video_id, name] += 1
        if (video_id, object_id := f"{name}-{numbers[video_id, name]}") not in taken:
            return object_id


def pasted(part: NDArray[np.bool_], left: int, top: int, size: tuple[float, float]) -> MaskHint:
    """A mask that is kept for a part of the frame only.

    Args:
        part: (h, w) bool, the part.
        left: its left edge in the frame, in pixels.
        top: its upper edge.
        size: (width, height) of the frame.

    Raises:
        IngestError: ``outside_image``, ``empty_mask`` or ``too_large``.
    """
    width, height = (whole(v, "image size") for v in size)
    try:
        require_size("image", height, width)
    except ValueError as problem:
        raise IngestError("too_large", str(problem)) from None
    bottom, right = top + part.shape[0], left + part.shape[1]
    if left < 0 or top < 0 or right > width or bottom > height:
        raise IngestError(
            "outside_image", f"a mask from {left},{top} to {right},{bottom} leaves {width}x{height} pixels"
        )
    if not part.any():
        raise IngestError("empty_mask", "the mask marks no pixel")
    drawn = np.zeros((height, width), dtype=bool)
    drawn[top:bottom, left:right] = part
    return MaskHint(encode_rle(drawn), height, width)


def stroke(xy_px: Sequence[tuple[float, float]], size: tuple[float, float]) -> Scribble:
    """A line on the object, on a frame of (width, height) pixels."""
    width, height = size
    return Scribble((tuple((x / width, y / height) for x, y in xy_px),), (1,))


def video_of(folder: PurePosixPath) -> str:
    """The video that a folder of one file a frame stands for: its path, less folders of the dataset itself.

    >>> video_of(PurePosixPath("labels/train/clip_a")), video_of(PurePosixPath("labels/train"))
    ('clip_a', '')
    """
    return "/".join(part for part in folder.parts if part.lower() not in _PARTS)
