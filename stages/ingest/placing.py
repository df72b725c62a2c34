"""Localizations against the frames that they lie on: units, axes, frame numbers, before anything is decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.coords import norm_to_pixel
from schemas.localizations import Box, Clicks, Localization, MaskHint, Outline
from schemas.rejects import Reject
from schemas.scaling import require_aspect
from stages.ingest.errors import IngestError
from stages.ingest.parsed import STAGE
from stages.ingest.segmentations import outlined
from stages.video.frame_names import frame_stem

AUTO = "auto"
UNITS = {"pixel": None, "fraction": 1.0, "percent": 100.0}
"""What clicks and boxes may be given in → its value at the far edge of the frame."""
COORDS = (AUTO, *UNITS)
_UNLIKELY, _UNLIKELY_WITH_DECIMALS = 1e-4, 0.2

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What is known of a video's frames: ``n_frames`` is 0 when they were not counted, ``frames`` are paths, if any."""

    width: int
    height: int
    n_frames: int
    frames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A click or box localization, and its points (N, 2) ``xy``, x first."""

    localization: Localization
    facts: FrameFacts
    xy: Array

    def is_outside(self, *, swapped: bool = False) -> bool:
        """Whether a click, or the middle of the box, lies outside of the frame."""
        xy = self.xy[:, ::-1] if swapped else self.xy
        xy = xy.mean(axis=0, keepdims=True) if isinstance(self.localization.hint, Box) and not swapped else xy
        return bool(((xy < 0) | (xy > (self.facts.width, self.facts.height))).any())


def place(
    by_video: Mapping[str, Sequence[Localization]], facts: Mapping[str, FrameFacts], coords: str = AUTO
) -> tuple[dict[str, list[Localization]], list[Reject]]:
    """Check localizations against their frames, with clicks and boxes in pixels.

    Args:
        by_video: localizations by video id.
        facts: of the videos that can be read; the others are not checked.
        coords: unit of clicks and boxes; ``auto`` is pixels, unless they look like another unit.

    Returns:
        Localizations by video id, and rejects: ``outside_image``, ``unknown_frame``, ``mask_size``.

    Raises:
        IngestError: all localizations together look like a mistake: ``doubtful_unit``, ``swapped_axes`` or
            ``frames_from_1``.
    """
    if coords == AUTO:
        _refuse_other_units(list(_placed(by_video, facts)))
    by_video = {
        video: [_in_pixels(one, facts[video], one.unit or coords) if video in facts else one for one in found]
        for video, found in by_video.items()
    }
    _refuse_swapped_axes(list(_placed(by_video, facts)))
    _refuse_frames_from_1(by_video, facts)
    kept: dict[str, list[Localization]] = {}
    rejects: list[Reject] = []
    for video, found in by_video.items():
        for one in found:
            try:
                checked = _checked(one, facts[video]) if video in facts else one
            except IngestError as problem:
                key = f"{video}/{one.object_id}@{one.frame_idx}"
                rejects.append(Reject(STAGE, key, problem.error, problem.detail, one.input_uri))
            else:
                kept.setdefault(video, []).append(checked)
    return kept, rejects


def _placed(by_video: Mapping[str, Sequence[Localization]], facts: Mapping[str, FrameFacts]) -> Iterator[_Placed]:
    for video, found in by_video.items():
        for one in found:
            if video in facts and isinstance(one.hint, Clicks | Box):
                yield _Placed(one, facts[video], _points(one.hint))


def _points(hint: Clicks | Box) -> Array:
    found: Any = hint.xyxy_px if isinstance(hint, Box) else hint.xy_px
    return np.asarray(found, dtype=np.float64).reshape(-1, 2)


def _in_pixels(one: Localization, facts: FrameFacts, unit: str) -> Localization:
    far_edge = UNITS.get(unit)
    if far_edge is None or not isinstance(one.hint, Clicks | Box):
        return one
    hint, norm = one.hint, _points(one.hint) / far_edge
    size = np.array([facts.width, facts.height])
    if isinstance(hint, Box):
        x0, y0, x1, y1 = (norm * size).ravel().tolist()
        return replace(one, hint=Box((x0, y0, x1, y1)), unit="")
    is_inside = ((norm >= 0) & (norm <= 1)).all(axis=1, keepdims=True)
    xy_px = np.where(is_inside, norm_to_pixel(np.clip(norm, 0, 1), facts.width, facts.height), norm * size)
    return replace(one, hint=replace(hint, xy_px=tuple((x, y) for x, y in xy_px.tolist())), unit="")


def _refuse_other_units(placed: Sequence[_Placed]) -> None:
    """Raise IngestError when all coordinates fit fractions or percents and hardly fit pixels."""
    placed = [one for one in placed if not one.localization.unit]
    if not placed or any((one.xy < 0).any() or (one.xy > 100).any() for one in placed):
        return
    first = placed[0]
    where = f"in frames of {first.facts.width}x{first.facts.height} pixels, as {first.xy.round(6).tolist()[0]}"
    if all((one.xy <= 1).all() and min(one.facts.width, one.facts.height) > 2 for one in placed):
        raise IngestError(
            "doubtful_unit",
            f"all coordinates lie between 0 and 1 {where}; give --coords fraction if they are shares of the frame, "
            "--coords pixel if they are pixels",
        )
    if any(min(one.facts.width, one.facts.height) <= 100 for one in placed):
        return
    shares = {
        (one.localization.video_id, one.localization.object_id): 1e4 / (one.facts.width * one.facts.height)
        for one in placed
    }
    decimals = any((one.xy % 1).any() and not _is_coco(one.localization) for one in placed)
    if prod(shares.values()) < (_UNLIKELY_WITH_DECIMALS if decimals else _UNLIKELY):
        raise IngestError(
            "doubtful_unit",
            f"all coordinates lie between 0 and 100 {where}; give --coords percent if they are percents of the frame, "
            "--coords pixel if they are pixels",
        )


def _is_coco(one: Localization) -> bool:
    return isinstance(one.hint, Box) and one.input_uri.lower().endswith(".json")


def _refuse_swapped_axes(placed: Sequence[_Placed]) -> None:
    outside = [one for one in placed if one.is_outside()]
    if outside and not any(one.is_outside(swapped=True) for one in placed):
        first = outside[0]
        raise IngestError(
            "swapped_axes",
            f"x and y seem to be swapped: {_where(first.localization)} lies outside the {first.facts.width}x"
            f"{first.facts.height} frame, and everything lies inside with x and y exchanged; write x (right) first, "
            "then y (down)",
        )


def _refuse_frames_from_1(by_video: Mapping[str, Sequence[Localization]], facts: Mapping[str, FrameFacts]) -> None:
    frames = {(video, one.frame_idx) for video, found in by_video.items() for one in found if video in facts}
    last = next((pair for pair in sorted(frames) if 0 < facts[pair[0]].n_frames == pair[1]), None)
    is_beyond = any(0 < facts[video].n_frames < frame_idx for video, frame_idx in frames)
    if last and not is_beyond and all(frame_idx > 0 for _, frame_idx in frames):
        video, n_frames = last
        raise IngestError(
            "frames_from_1",
            f"frame {n_frames} of {video!r} is beyond the end: it has frames 0 to {n_frames - 1}; frames seem to count "
            "from 1: subtract 1 from every frame number",
        )


@lru_cache(maxsize=1)
def _names_by_number(frames: tuple[str, ...]) -> Mapping[int, str]:
    """File names of frames by the last number in them."""
    names = [frame.rsplit("/", 1)[-1] for frame in frames]
    return {int(found[-1]): name for name in names if (found := re.findall("[0-9]{1,18}", frame_stem(name)))}


def _checked(one: Localization, facts: FrameFacts) -> Localization:
    """The localization with an outline drawn as a mask.

    Raises:
        IngestError: it does not lie on a frame of the video.
    """
    if isinstance(one.hint, Outline):
        one = replace(one, hint=outlined(one.hint, facts.height, facts.width))
    if problem := _problem(one, facts):
        raise problem
    return one


def _problem(one: Localization, facts: FrameFacts) -> IngestError | None:
    if facts.n_frames and one.frame_idx >= facts.n_frames:
        detail = f"frame {one.frame_idx} is beyond the end: the video has frames 0 to {facts.n_frames - 1}"
        if name := _names_by_number(facts.frames).get(one.frame_idx):
            detail += f"; numbers are positions, write {name!r} for the frame of that name"
        return IngestError("unknown_frame", detail)
    if isinstance(one.hint, MaskHint):
        try:
            require_aspect(one.hint.height, one.hint.width, facts.height, facts.width)
        except ValueError as problem:
            return IngestError("mask_size", str(problem))
    if isinstance(one.hint, Clicks | Box) and _lies_outside(one.hint, facts):
        return IngestError("outside_image", f"{_where(one)} lies outside the {facts.width}x{facts.height} image")
    return None


def _lies_outside(hint: Clicks | Box, facts: FrameFacts) -> bool:
    """Whether a click lies outside, or all of the box."""
    low, high = _points(hint).min(axis=0), _points(hint).max(axis=0)
    size = np.array([facts.width, facts.height])
    if isinstance(hint, Box):
        return bool((np.minimum(high, size) - np.maximum(low, 0) < 1).any())
    return bool((low < 0).any() or (high >= size).any())


def _where(one: Localization) -> str:
    if isinstance(one.hint, Box):
        return f"box {tuple(round(v, 2) for v in one.hint.xyxy_px)} of object {one.object_id!r}"
    assert isinstance(one.hint, Clicks)
    return f"click {max(one.hint.xy_px, key=max)} of object {one.object_id!r}"
