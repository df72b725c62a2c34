"""What of a video people are asked about: one question for a thing with several names, none about unusable masks.

A narrative names one thing more than once, as "a man", "man" and "brown shirt" by the same trace of the mouse. Names
whose masks are nearly one mask are one question: the first of them is asked. The answers hold for another name only
where the narrative itself says that it means the same thing (:mod:`schemas.groups`): a mask of a shirt that covers the
whole man is wrong, and what people say of the man must not become points of the shirt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.groups import exclusive_objects
from schemas.masks import Mask, overlap_px

SAME_IOU = 0.9
"""Masks that overlap so far, over all frames that are compared, are one mask."""
LEAST_QUALITY = 0.25
"""A mask of less quality shows people nothing that they could confirm."""
WHOLE_FRAME, SMALL_HINT = 0.9, 0.5
"""A mask that covers so much of the frame, from a hint that spans less of it, has run out over everything."""
_COMPARED_FRAMES = 20


@dataclass(frozen=True, slots=True)
class Questions:
    """What people are asked about in one video.

    Attributes:
        leaders: object id → the object that is asked in its place.
        means: of these, the objects that mean the same thing as the one that is asked.
        unusable: (object id, frame index) of masks that nobody is asked about.
    """

    leaders: Mapping[str, str]
    means: Mapping[str, str]
    unusable: frozenset[tuple[str, int]]

    def ask(self, object_id: str, frame_idx: int) -> bool:
        """Whether people see this object on this frame."""
        return object_id not in self.leaders and (object_id, frame_idx) not in self.unusable


def questions(
    masks: Iterable[Mask], names: Sequence[str], groups: Mapping[str, str], spans: Mapping[str, float]
) -> Questions:
    """Decide what people are asked about.

    Args:
        masks: of one video, at most one an object and frame.
        names: ids of the objects that are names in narratives, those that are asked rather than others first.
        groups: object id → group; objects that exclude each other are never one question.
        spans: object id → share of the frame that the box around its largest hint takes; objects that are missing
            here may cover the whole frame.
    """
    at: dict[str, dict[int, Mask]] = {}
    for mask in masks:
        at.setdefault(mask.object_id, {})[mask.frame_idx] = mask
    leaders = _leaders(at, names, groups)
    means = {
        other: leader
        for other, leader in leaders.items()
        if _meant_object(other, groups) == _meant_object(leader, groups)
    }
    unusable = frozenset(
        (object_id, idx)
        for object_id, own in at.items()
        for idx, mask in own.items()
        if is_unusable(mask, spans.get(object_id, 1.0))
    )
    return Questions(leaders, means, unusable)


def is_unusable(mask: Mask, span: float) -> bool:
    """Whether a mask is empty, of very low quality, or runs over nearly the whole frame from a small hint.

    Args:
        mask: of any object.
        span: share of the frame that the object's hint spans.
    """
    area = mask.area_px
    covers_all = area >= WHOLE_FRAME * mask.height * mask.width and span < SMALL_HINT
    return area == 0 or mask.quality < LEAST_QUALITY or (covers_all and mask.source != "human")


def _leaders(at: Mapping[str, Mapping[int, Mask]], names: Sequence[str], groups: Mapping[str, str]) -> dict[str, str]:
    leaders: dict[str, str] = {}
    asked: list[str] = []
    for object_id in (name for name in names if name in at):
        free = [one for one in asked if not exclusive_objects(object_id, [one], groups)]
        same = next((one for one in free if same_mask(at[one], at[object_id])), None)
        if same is None:
            asked.append(object_id)
        else:
            leaders[object_id] = same
    return leaders


def same_mask(one: Mapping[int, Mask], other: Mapping[int, Mask]) -> bool:
    """Whether two objects have nearly one mask on the frames that both are on, at least half of each one's frames."""
    common = sorted(one.keys() & other.keys())
    if not common or 2 * len(common) < max(len(one), len(other)):
        return False
    compared = common[:: -(-len(common) // _COMPARED_FRAMES)]
    both = sum(overlap_px(one[idx], other[idx]) for idx in compared)
    either = sum(one[idx].area_px + other[idx].area_px for idx in compared) - both
    return both >= SAME_IOU * either > 0


def _meant_object(object_id: str, groups: Mapping[str, str]) -> str:
    """The object that a name means: its own, unless its group says that it is another name.

    >>> groups = {"a0": "actors", "a0n0": "actors/a0", "a0n1": ""}
    >>> [_meant_object(object_id, groups) for object_id in groups]
    ['a0', 'a0', 'a0n1']
    """
    return groups.get(object_id, "").partition("/")[2] or object_id
