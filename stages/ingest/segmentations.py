"""COCO ``segmentation`` to masks: polygons in pixels, compressed and uncompressed run lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from schemas.limits import require_size
from schemas.localizations import MaskHint, Outline
from schemas.masks import decode_rle, encode_rle
from schemas.run_lengths import require_runs
from stages.ingest.errors import IngestError
from stages.ingest.fields import field, items, shown, whole
from stages.ingest.parsed import Parsed

MOST_POINTS = 100_000
MOST_PARTS = 1_000
_LONGEST_OUTLINE_PX = 4_000_000

Polygon = NDArray[np.float64]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One outline: (N, 2) float64 ``xy_px``, and its ``area_px2``, negative when it runs the other way round."""

    xy_px: Polygon
    area_px2: float


def is_given(segmentation: Any) -> bool:
    """Whether a segmentation says anything: tools write ``[]``, ``[[]]`` or nothing beside a box."""
    if isinstance(segmentation, Mapping):
        return bool(segmentation)
    return isinstance(segmentation, list) and any(part not in ([], None) for part in segmentation)


def read_mask(segmentation: Any, size: tuple[float, float] | None, key: str, parsed: Parsed) -> MaskHint:
    """The mask of a segmentation.

    Parts of polygons are put together; one that lies within another and runs the other way round is a hole in it. A
    part that cannot be used is rejected under ``key`` and spares the others.

    Args:
        segmentation: polygons, or run lengths with a size of their own.
        size: (width, height) of the image.
        key: what the annotation is called in rejects.
        parsed: takes the rejects.

    Raises:
        IngestError: nothing of it can be used.
    """
    if isinstance(segmentation, Mapping):
        mask = _read_runs(segmentation)
    else:
        if size is None:
            raise IngestError("missing_field", "a polygon needs the width and height of its image")
        width, height = (whole(value, "image size") for value in size)
        _require_size(height, width)
        mask = _read_polygons(segmentation, height, width, key, parsed)
    if not mask.any():
        raise IngestError("empty_mask", "the segmentation covers no pixel of the image")
    return MaskHint(encode_rle(mask), *mask.shape)


def outlined(outline: Outline, height: int, width: int) -> MaskHint:
    """The mask within an outline, on a frame of a size.

    Raises:
        IngestError: nothing of it can be used.
    """
    polygons = [(np.asarray(part) * (width, height)).ravel().tolist() for part in outline.parts_norm]
    unused = Parsed("")
    mask = _read_polygons(polygons, height, width, "", unused) if height and width else np.zeros((1, 1), dtype=bool)
    if not mask.any():
        raise IngestError("empty_mask", "the outline covers no pixel of the image")
    return MaskHint(encode_rle(mask), *mask.shape)


def _require_size(height: int, width: int) -> None:
    try:
        require_size("image", height, width)
    except ValueError as problem:
        raise IngestError("too_large", str(problem)) from None


def _read_runs(segmentation: Mapping[str, Any]) -> Bits:
    size = items(segmentation, "size")
    if len(size) != 2:
        raise IngestError("malformed", f"size {shown(size)} is not [height, width]")
    height, width = (whole(value, "size") for value in size)
    counts = field(segmentation, "counts")
    try:
        if isinstance(counts, str):
            return decode_rle(counts, height, width)
        if not isinstance(counts, list):
            raise IngestError("malformed", f"counts is {shown(counts)}, neither text nor a list")
        runs = np.array([whole(count, "counts") for count in counts], dtype=np.int64)
        require_runs(runs, height, width)
    except IngestError:
        raise
    except ValueError as problem:
        raise IngestError("bad_rle", str(problem)) from None
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def _read_polygons(segmentation: Sequence[Any], height: int, width: int, key: str, parsed: Parsed) -> Bits:
    if isinstance(segmentation[0], int | float):  # one outline, not a list of them
        segmentation = [segmentation]
    if len(segmentation) > MOST_PARTS:
        raise IngestError(
            "too_large", f"a segmentation of {len(segmentation):,} parts; at most {MOST_PARTS:,} are read"
        )
    parts: list[Part] = []
    for raw in segmentation:
        with parsed.entry(key):
            parts.append(_read_part(raw, height, width))
    if not parts:
        raise IngestError("empty_mask", "no part of the segmentation can be used")
    n_points = sum(len(part.xy_px) for part in parts)
    outline_px = sum(np.abs(np.diff(part.xy_px, axis=0, append=part.xy_px[:1])).max(axis=1).sum() for part in parts)
    if n_points > MOST_POINTS or outline_px > _LONGEST_OUTLINE_PX:
        detail = (
            f"polygons of {n_points:,} points and {outline_px:,.0f} pixels in length; at most {MOST_POINTS:,} points"
        )
        raise IngestError("too_large", f"{detail} and {_LONGEST_OUTLINE_PX:,} pixels are read: simplify them")
    return _drawn(parts, height, width)


def _read_part(raw: Any, height: int, width: int) -> Part:
    try:
        xy_px = np.asarray(raw, dtype=np.float64).reshape(-1, 2)
    except (ValueError, TypeError, OverflowError):
        raise IngestError("malformed", f"polygon {shown(raw)} is not [x, y, x, y, ...]") from None
    if not np.isfinite(xy_px).all():
        raise IngestError("not_finite", "a polygon holds NaN or infinite coordinates")
    if len(xy_px) < 3:
        raise IngestError("degenerate_polygon", f"polygon {shown(raw)} has {len(xy_px)} points; an area needs 3")
    low, high = xy_px.min(axis=0), xy_px.max(axis=0)
    if (high <= 0).any() or (low >= (width, height)).any() or (np.abs(xy_px) > 4 * max(width, height)).any():
        bounds = f"x {low[0]:g} to {high[0]:g}, y {low[1]:g} to {high[1]:g}"
        raise IngestError("outside_image", f"polygon with {bounds} lies outside the image of {width}x{height} pixels")
    x, y = (xy_px - xy_px[0]).T
    area_px2 = float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    if abs(area_px2) < 1e-6:
        raise IngestError("degenerate_polygon", f"polygon {shown(raw)} has no area")
    return Part(xy_px, area_px2)


def _drawn(parts: Sequence[Part], height: int, width: int) -> Bits:
    drawn = np.zeros((height, width), dtype=bool)
    if len({part.area_px2 > 0 for part in parts}) == 1:
        merged = coco.merge(coco.frPyObjects([part.xy_px.ravel().tolist() for part in parts], height, width))
        return np.asarray(coco.decode(merged), dtype=bool)
    largest_first = sorted(parts, key=lambda part: -abs(part.area_px2))
    for part in largest_first:
        inside = np.asarray(coco.decode(coco.frPyObjects([part.xy_px.ravel().tolist()], height, width)[0]), dtype=bool)
        is_hole = part.area_px2 * largest_first[0].area_px2 < 0 and not (inside & ~drawn).any()
        drawn = drawn & ~inside if is_hole else drawn | inside
    return drawn
