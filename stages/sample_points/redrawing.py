"""Candidates after the masks of a video changed: the old ones where they hold, new ones on other frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.elements import ObjectFrame
from schemas.masks import Mask
from schemas.points import PointCandidate
from stages.sample_points.frames import choose_frames
from stages.sample_points.options import SamplingOptions
from stages.sample_points.sampling import Doubts, ReadFrames, draw_candidates

_APART = 3
"""So many changed frames are worth one that is asked about: neighbours tell nearly the same."""
_PREFER_DOUBT = 0.8
"""Share of each time bin, around its centre, in which the frame of least quality is taken."""


@dataclass(frozen=True, slots=True)
class MaskChange:
    """What changed since the candidates were drawn.

    Attributes:
        masks: the present ones, at most one an object and frame.
        changed: objects and frames whose masks are others now, or gone.
        answered: ids of the candidates that somebody answered.
        round: whose masks these are.
    """

    masks: Sequence[Mask]
    changed: Collection[ObjectFrame]
    answered: Collection[str]
    round: int


def redrawn(
    before: Sequence[PointCandidate],
    change: MaskChange,
    read_frames: ReadFrames,
    groups: Mapping[str, str],
    options: SamplingOptions,
    doubts: Doubts | None = None,
) -> list[PointCandidate]:
    """The candidates of a video after a change of its masks.

    Those that were answered stay, and so do those on masks that are as they were. The others give way to new ones on
    changed masks of the same object that nobody has answered anything about and that no person drew.

    Args:
        before: the candidates as they are.
        change: see there.
        read_frames: asked for the chosen frames, once.
        groups: object id → group.
        options: every knob.
        doubts: finds places where a mask may be wrong, which are asked first.

    Returns:
        Candidates by object, frame and stratum.
    """
    kept = [c for c in before if c.candidate_id in change.answered or (c.object_id, c.frame_idx) not in change.changed]
    asked = _new_frames(change, {(c.object_id, c.frame_idx) for c in kept}, options)
    masks = list(change.masks)
    new = draw_candidates(masks, asked, read_frames, groups, options, change.round, doubts) if asked else []
    return sorted([*kept, *new], key=lambda candidate: (candidate.object_id, candidate.frame_idx))


def _new_frames(
    change: MaskChange, asked_before: Collection[ObjectFrame], options: SamplingOptions
) -> dict[int, list[str]]:
    """Frame index → objects that are asked about there, at most every third frame of those that changed."""
    own: dict[str, list[Mask]] = defaultdict(list)
    for mask in change.masks:
        own[mask.object_id].append(mask)
    asked: dict[int, list[str]] = defaultdict(list)
    for object_id, masks in sorted(own.items()):
        changed = [mask for mask in masks if (object_id, mask.frame_idx) in change.changed]
        free = {m.frame_idx: 1 - m.quality for m in changed if m.source != "human"}
        free = {idx: doubt for idx, doubt in free.items() if (object_id, idx) not in asked_before}
        if not free:
            continue
        n_frames = min(options.frames, -(-len(changed) // _APART))
        spread = replace(options.of_any_quality(), frames=n_frames, prefer_quality=_PREFER_DOUBT)
        for idx in choose_frames(free, None, spread):
            asked[idx].append(object_id)
    return asked
