"""From the masks of a video to the points that people are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas.frames import Frame
from schemas.groups import exclusive_objects
from schemas.masks import Mask, decode_rle, union_rle
from schemas.points import PointCandidate
from stages.sample_points import strata
from stages.sample_points.colours import blur
from stages.sample_points.frames import choose_frames
from stages.sample_points.interior import draw_inside, eroded
from stages.sample_points.options import SamplingOptions
from stages.sample_points.seeds import candidate_id, generator
from stages.sample_points.spreading import spread
from stages.sample_points.strata import BoolMask, View

Doubts = Callable[[str, NDArray[np.uint8], BoolMask, int], Sequence[tuple[int, int]]]
"""Object id, (H, W, 3) image, (H, W) mask, number → at most so many pixels (x, y) where the mask may be wrong."""
_DOUBTS = 0.8
"""Share of the points that are asked where a mask is in doubt, where somebody looks for such places."""
ReadFrames = Callable[[Collection[int]], Iterable[Frame]]
"""Frame indices → those frames, ascending; frames that cannot be had are left out."""
_OF_THE_FRAME = ("other_object", "elsewhere")
"""Strata that reach beyond the view's window."""


@dataclass(frozen=True, slots=True)
class DrawnPixel:
    """One pixel that was drawn, before it is given a name; fields as in ``PointCandidate``."""

    x: int
    y: int
    is_fg_candidate: bool
    stratum: str
    probability: float
    mask_distance_px: float


def sample_video(
    video_id: str,
    masks: Sequence[Mask],
    read_frames: ReadFrames,
    references: Mapping[str, int],
    groups: Mapping[str, str],
    options: SamplingOptions,
    round_: int = 0,
    doubted: Mapping[str, int] | None = None,
    doubts: Doubts | None = None,
) -> list[PointCandidate]:
    """Draw the candidates of all objects of a video.

    Args:
        video_id: the video.
        masks: at most one an object and frame, in any order.
        read_frames: asked for the chosen frames, once.
        references: object id → the frame that it was localized on.
        groups: object id → group; the others of an object's non-empty group are its hard negatives.
        options: every knob.
        round_: correction round.
        doubted: object id → a frame that people should see however bad its mask is.
        doubts: finds places where a mask may be wrong, which are asked first, on frames of any quality.

    Returns:
        Candidates by object, frame and stratum; the same whatever the order of ``masks``.
    """
    at = _by_object(masks)
    options = options if doubts is None else options.of_any_quality()
    asked: dict[int, list[str]] = defaultdict(list)
    for object_id, own in sorted(at.items()):
        qualities = {idx: mask.quality for idx, mask in own.items()}
        for idx in choose_frames(qualities, references.get(object_id), options, (doubted or {}).get(object_id)):
            asked[idx].append(object_id)
    return draw_candidates(masks, asked, read_frames, groups, options, round_, doubts)


def draw_candidates(
    masks: Sequence[Mask],
    asked: Mapping[int, Sequence[str]],
    read_frames: ReadFrames,
    groups: Mapping[str, str],
    options: SamplingOptions,
    round_: int,
    doubts: Doubts | None = None,
) -> list[PointCandidate]:
    """Draw the candidates of objects on frames that were chosen.

    Args:
        masks: of one video, at most one an object and frame.
        asked: frame index → the objects with a mask there that candidates are drawn of.
        read_frames: as in :func:`sample_video`.
        groups: as there.
        options: as there.
        round_: as there.
        doubts: finds places where a mask may be wrong, which are asked first.
    """
    at = _by_object(masks)
    candidates: list[PointCandidate] = []
    for frame in read_frames(asked.keys()) if asked else ():
        here = {object_id: own[frame.idx] for object_id, own in at.items() if frame.idx in own}
        blurred = blur(frame.image) if len(asked[frame.idx]) > 1 else None
        for object_id in asked[frame.idx]:
            mask = here[object_id]
            taken = _union([here[other] for other in exclusive_objects(object_id, here, groups)], mask)
            drawn = np.ascontiguousarray(mask.decode())
            view = View.of(drawn, taken, frame.image, blurred, mask.quality, options)
            rng = generator(mask.video_id, object_id, frame.idx, round_, options.seed)
            n_doubts = round(_DOUBTS * options.points) if doubts and view.mask.any() else 0
            places = doubts(object_id, frame.image, drawn, n_doubts) if doubts and n_doubts else ()
            draws = sample_frame(view, options, rng, places)
            candidates += [_named(draw, mask, options.seed, round_) for draw in draws]
    return sorted(candidates, key=lambda candidate: (candidate.object_id, candidate.frame_idx))


def _by_object(masks: Sequence[Mask]) -> dict[str, dict[int, Mask]]:
    at: dict[str, dict[int, Mask]] = defaultdict(dict)
    for mask in masks:
        at[mask.object_id][mask.frame_idx] = mask
    return at


def sample_frame(
    view: View, options: SamplingOptions, rng: np.random.Generator, doubts: Sequence[tuple[int, int]] = ()
) -> list[DrawnPixel]:
    """Draw the points of one object on one frame; no pixel twice.

    Args:
        view: the object.
        options: every knob.
        rng: the random stream.
        doubts: pixels (x, y) that are asked in any case, as of the uncertain stratum; they count as drawn.
    """
    if not view.mask.any():
        return []
    free = np.ones_like(view.all_others)
    near_free, corner = free[view.window], [view.window[1].start, view.window[0].start]
    draws: list[DrawnPixel] = []
    if doubts:
        points = np.array(doubts, dtype=np.int64)
        draws += _drawn(view, points, "uncertain", np.ones(len(points)))
        free[points[:, 1], points[:, 0]] = False
    if len(doubts) >= options.points:
        return draws
    for stratum, region, n_points in _quotas(view, replace(options, points=options.points - len(doubts))):
        if stratum == "interior":
            points, chances = draw_inside(view, options, n_points, near_free, rng)
        else:
            allowed = region & (free if stratum in _OF_THE_FRAME else near_free)
            pixels = np.flatnonzero(allowed)
            points = spread(pixels, allowed.shape[1], n_points, options.spread_px, options.spread_scale, rng)
            chances = np.full(len(points), len(points) / max(len(pixels), 1))
        points = points if stratum in _OF_THE_FRAME else points + corner
        free[points[:, 1], points[:, 0]] = False
        draws += _drawn(view, points, stratum, chances)
    return draws


def _quotas(view: View, options: SamplingOptions) -> Iterator[tuple[str, BoolMask, int]]:
    """Strata with the number of points of each; what a stratum has no room for goes to the next of its side.

    Those of ``_OF_THE_FRAME`` are (H, W) bool, the others those of the view's window.
    """
    n_uncertain = round(options.points * options.uncertain_share)
    n_sure = options.points - n_uncertain
    n_foreground = round(n_sure * options.foreground_share)
    unsure = strata.uncertain(view, options) if n_uncertain else np.zeros_like(view.mask)
    yield "uncertain", unsure, _room(unsure, n_uncertain, options)
    inside = eroded(view, options)
    yield "interior", inside, _room(inside, n_foreground, options)
    left = n_sure - n_foreground
    hard = strata.other_object(view, options)
    n_hard = _room(hard, round(left * options.other_object_share), options)
    yield "other_object", hard, n_hard
    far, near = strata.elsewhere(view, options), strata.ring(view, options)
    n_far = _room(far, (left - n_hard) // 2, options)
    yield "ring", near, _room(near, left - n_hard - n_far, options)
    yield "elsewhere", far, n_far


def _room(region: BoolMask, n_points: int, options: SamplingOptions) -> int:
    area = int(np.count_nonzero(region))
    return min(n_points, max(area // options.pixels_per_point, min(area, 1)))


def _drawn(view: View, points: NDArray[np.int64], stratum: str, chances: NDArray[np.float64]) -> list[DrawnPixel]:
    distances = view.distances_at(points)
    return [
        DrawnPixel(int(x), int(y), bool(distance > 0), stratum, float(chance), float(distance))
        for (x, y), distance, chance in zip(points, distances, chances, strict=True)
    ]


def _union(masks: Sequence[Mask], like: Mask) -> BoolMask:
    if not masks:
        return np.zeros((like.height, like.width), dtype=bool)
    return decode_rle(union_rle([mask.rle for mask in masks], like.height, like.width), like.height, like.width)


def _named(draw: DrawnPixel, mask: Mask, seed: int, round_: int) -> PointCandidate:
    name = candidate_id(mask.video_id, mask.object_id, mask.frame_idx, round_, draw.x, draw.y)
    return PointCandidate(
        name, mask.video_id, mask.object_id, mask.frame_idx, draw.x, draw.y, draw.is_fg_candidate, draw.stratum,
        draw.probability, draw.mask_distance_px, mask.quality, round_, seed,
    )  # fmt: skip
