"""From the masks of a video to the points that people are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.groups import rivals
from schemas.masks import Mask, decode_rle, union_rle
from schemas.points import PointCandidate
from stages.sample_points import strata
from stages.sample_points.frames import choose_frames
from stages.sample_points.options import SamplingOptions
from stages.sample_points.seeds import candidate_id, generator
from stages.sample_points.spreading import spread
from stages.sample_points.strata import BoolMask, View

Trusts = Callable[[str, int], NDArray[np.uint8] | None]
"""(object_id, frame_idx) → (h, w) uint8, 255 surely the object, at the working size; None where there is none."""


@dataclass(frozen=True, slots=True)
class Draw:
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
    trusts: Trusts,
    references: Mapping[str, int],
    groups: Mapping[str, str],
    options: SamplingOptions,
    round_: int = 0,
    doubted: Mapping[str, int] | None = None,
) -> list[PointCandidate]:
    """Draw the candidates of all objects of a video.

    Args:
        video_id: the video.
        masks: at most one an object and frame, in any order.
        trusts: asked for the chosen frames only.
        references: object id → the frame that it was localized on.
        groups: object id → group; the others of an object's non-empty group are its hard negatives.
        options: every knob.
        round_: correction round.
        doubted: object id → a frame that people should see however bad its mask is.

    Returns:
        Candidates by object, frame and stratum; the same whatever the order of ``masks``.
    """
    at: dict[str, dict[int, Mask]] = defaultdict(dict)
    for mask in masks:
        at[mask.object_id][mask.frame_idx] = mask
    candidates: list[PointCandidate] = []
    for object_id in sorted(at):
        qualities = {idx: mask.quality for idx, mask in at[object_id].items()}
        others = rivals(object_id, at, groups)
        for frame_idx in choose_frames(qualities, references.get(object_id), options, (doubted or {}).get(object_id)):
            mask = at[object_id][frame_idx]
            taken = _union([at[other][frame_idx] for other in others if frame_idx in at[other]], mask)
            rng = generator(video_id, object_id, frame_idx, round_, options.seed)
            draws = sample_frame(mask.decode(), taken, trusts(object_id, frame_idx), mask.quality, options, rng)
            candidates += [_named(draw, mask, options.seed, round_) for draw in draws]
    return candidates


def sample_frame(
    mask: BoolMask,
    others: BoolMask,
    trust: NDArray[np.uint8] | NDArray[np.float32] | None,
    quality: float,
    options: SamplingOptions,
    rng: np.random.Generator,
) -> list[Draw]:
    """Draw the points of one object on one frame; no pixel twice.

    Args:
        mask: (H, W) bool.
        others: (H, W) bool, the other objects of its group.
        trust: (h, w) uint8 0..255 or float32 0..1, how surely each pixel is the object; None when unknown.
        quality: of the mask, in [0, 1].
        options: every knob.
        rng: the random stream.
    """
    if not mask.any():
        return []
    view = View.of(np.ascontiguousarray(mask), others, trust, quality)
    taken = np.zeros_like(view.mask)
    draws: list[Draw] = []
    for stratum, region, n_points in _quotas(view, options):
        free = region & ~taken
        points = spread(free, n_points, options.spread_px, options.spread_scale, rng)
        probability = len(points) / max(np.count_nonzero(free), 1)
        taken[points[:, 1], points[:, 0]] = True
        draws += [_draw(view, int(x), int(y), stratum, probability) for x, y in points]
    return draws


def _quotas(view: View, options: SamplingOptions) -> Iterator[tuple[str, BoolMask, int]]:
    """Strata with the number of points of each; what a stratum has no room for goes to the next of its side."""
    n_uncertain = round(options.points * options.uncertain_share)
    n_sure = options.points - n_uncertain
    n_foreground = round(n_sure * options.foreground_share)
    unsure = strata.uncertain(view, options) if n_uncertain else np.zeros_like(view.mask)
    yield "uncertain", unsure, _room(unsure, n_uncertain, options)
    inside = strata.interior(view, options, n_foreground)
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


def _draw(view: View, x: int, y: int, stratum: str, probability: float) -> Draw:
    return Draw(x, y, bool(view.mask[y, x]), stratum, probability, float(view.distance_px[y, x]))


def _union(masks: Sequence[Mask], like: Mask) -> BoolMask:
    if not masks:
        return np.zeros((like.height, like.width), dtype=bool)
    return decode_rle(union_rle([mask.rle for mask in masks], like.height, like.width), like.height, like.width)


def _named(draw: Draw, mask: Mask, seed: int, round_: int) -> PointCandidate:
    name = candidate_id(mask.video_id, mask.object_id, mask.frame_idx, round_, draw.x, draw.y)
    return PointCandidate(
        name, mask.video_id, mask.object_id, mask.frame_idx, draw.x, draw.y, draw.is_fg_candidate, draw.stratum,
        draw.probability, draw.mask_distance_px, mask.quality, round_, seed,
    )  # fmt: skip
