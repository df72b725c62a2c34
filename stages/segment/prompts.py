"""Localizations of one object on one frame to the one prompt that a segmenter answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.coords import norm_to_pixel
from schemas.localizations import Box, Clicks, Hint, Localization, MaskHint, Scribble, Trace
from schemas.masks import decode_rle
from schemas.prompts import Prompt
from schemas.scaling import scaled
from stages.segment.trace_prompts import clean_trace, clip_box, fence_box, resample, smooth, trace_clicks

Array = NDArray[Any]
KINDS = ("mask", "trace", "scribble", "clicks", "box")
"""A prompt of several hints has the first of these kinds that is among them."""


class PromptError(ValueError):
    """A localization that no prompt can be made of.

    Attributes:
        reason: a short phrase that groups alike errors, e.g. ``outside_image``.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True)
class _Draft:
    """A prompt in the making; lists of arrays as in :class:`Prompt`."""

    height: int
    width: int
    points: list[Array] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    support: list[Array] = field(default_factory=list)
    boxes: list[Array] = field(default_factory=list)
    fences: list[Array] = field(default_factory=list)
    masks: list[NDArray[np.bool_]] = field(default_factory=list)

    def add_points(self, xy_px: Array, label: int) -> None:
        self.points.append(xy_px)
        self.labels.extend([label] * len(xy_px))


def to_prompt(localizations: Sequence[Localization], height: int, width: int) -> Prompt:
    """One prompt of all localizations of one object on one frame.

    Points of all hints are put together, clicks before strokes before traces; of several boxes the hull is
    taken, of several masks the union.

    Args:
        localizations: at least one, all of the same object and frame.
        height: the frame's height in pixels.
        width: the frame's width in pixels.

    Raises:
        PromptError: a click lies outside the image, nothing of a box or trace lies inside it, a mask has another
            size or is empty, or no hint says where the object is.
    """
    draft = _Draft(height, width)
    hints = sorted((loc.hint for loc in localizations), key=lambda hint: KINDS.index(hint.kind), reverse=True)
    for hint in hints:
        _add(draft, hint)
    if 1 not in draft.labels and not draft.boxes and not draft.masks:
        raise PromptError("no_positive", "all points are labelled 0; give at least one point on the object or a box")
    return _finish(draft, localizations[0].object_id, hints[-1].kind)


def _add(draft: _Draft, hint: Hint) -> None:
    match hint:
        case Clicks():
            _add_clicks(draft, hint)
        case Trace():
            _add_trace(draft, hint)
        case Box():
            _add_box(draft, hint)
        case Scribble():
            _add_scribble(draft, hint)
        case MaskHint():
            _add_mask(draft, hint)


def _add_clicks(draft: _Draft, hint: Clicks) -> None:
    xy, labels = np.asarray(hint.xy_px, dtype=np.float64), np.asarray(hint.labels)
    inside = ((xy >= 0) & (xy < [draft.width, draft.height])).all(axis=1)
    if not inside.all():
        x, y = xy[~inside][0]
        raise PromptError("outside_image", f"click ({x:g}, {y:g}) lies outside the {draft.width}x{draft.height} image")
    draft.points.append(xy)
    draft.labels.extend(hint.labels)
    draft.support.append(xy[labels == 1])


def _add_trace(draft: _Draft, hint: Trace) -> None:
    parts, times = [], []
    for part_norm, part_ms in zip(hint.parts_norm, hint.parts_ms, strict=True):
        inside, part = _pixels_inside(draft, part_norm)
        if len(part):
            parts.append(part)
            times.append(np.asarray(part_ms)[inside])
    if not parts:
        raise PromptError("outside_image", f"all {len(hint.xy_norm())} points of the trace lie outside the image")
    support = clean_trace(parts, times, draft.height, draft.width)
    draft.add_points(trace_clicks(support, draft.height, draft.width), 1)
    draft.support.append(support)
    draft.fences.append(fence_box(support, draft.height, draft.width))


def _add_box(draft: _Draft, hint: Box) -> None:
    box = clip_box(np.asarray(hint.xyxy_px), draft.height, draft.width)
    if box[2] - box[0] < 1 or box[3] - box[1] < 1:
        raise PromptError("outside_image", f"box {hint.xyxy_px} lies outside the {draft.width}x{draft.height} image")
    draft.boxes.append(box)


def _add_scribble(draft: _Draft, hint: Scribble) -> None:
    step_px = max(4.0, 0.01 * min(draft.height, draft.width))
    for stroke, label in zip(hint.strokes_norm, hint.labels, strict=True):
        _, part = _pixels_inside(draft, stroke)
        if not len(part):
            continue
        even = resample(smooth(part), step_px)
        draft.add_points(trace_clicks(even, draft.height, draft.width), label)
        if label == 1:
            draft.support.append(even)
    if not draft.labels:
        raise PromptError("outside_image", "all strokes of the scribble lie outside the image")


def _add_mask(draft: _Draft, hint: MaskHint) -> None:
    try:
        mask = scaled(decode_rle(hint.rle, hint.height, hint.width), draft.height, draft.width)
    except ValueError as problem:
        raise PromptError("mask_size", str(problem)) from None
    if not mask.any():
        raise PromptError("empty_mask", "the mask is empty; leave out frames on which the object is absent")
    draft.masks.append(mask)


def _pixels_inside(draft: _Draft, points_norm: Sequence[tuple[float, float]]) -> tuple[NDArray[np.bool_], Array]:
    xy_norm = np.asarray(points_norm, dtype=np.float64).reshape(-1, 2)
    inside = np.asarray(((xy_norm >= 0) & (xy_norm <= 1)).all(axis=1))
    return inside, norm_to_pixel(xy_norm[inside], draft.width, draft.height).astype(np.float64)


def _finish(draft: _Draft, object_id: str, kind: str) -> Prompt:
    return Prompt(
        object_id=object_id,
        kind=kind,
        points_px=_stack(draft.points),
        labels=np.asarray(draft.labels, dtype=np.int8),
        support_px=_stack(draft.support),
        box_xyxy_px=_hull(draft.boxes),
        fence_xyxy_px=_hull(draft.fences),
        mask=np.logical_or.reduce(draft.masks) if draft.masks else None,
    )


def _stack(points: Sequence[Array]) -> NDArray[np.float32]:
    stacked: NDArray[np.float32] = np.concatenate([np.zeros((0, 2)), *points]).astype(np.float32)
    return stacked


def _hull(boxes: Sequence[Array]) -> NDArray[np.float32] | None:
    if not boxes:
        return None
    stacked = np.stack(boxes).astype(np.float32)
    hull: NDArray[np.float32] = np.concatenate([stacked[:, :2].min(axis=0), stacked[:, 2:].max(axis=0)])
    return hull
