"""Overlaps between masks that were propagated in different batches: afterwards objects of one group share no pixel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.elements import ObjectBatch, ObjectFrame
from schemas.groups import exclusion_sets
from schemas.masks import Mask, encode_rle
from stages.patches import unpack_patch
from stages.resize import resize


def contested_objects(batch: ObjectBatch) -> frozenset[str]:
    """Objects of a batch that exclude an object of another batch of the video."""
    groups = {object_id: group.partition("/")[0] for object_id, group in batch.job.groups.items()}
    elsewhere = {group for object_id, group in groups.items() if object_id not in batch.object_ids}
    return frozenset(object_id for object_id in batch.object_ids if groups[object_id] in elsewhere - {""})


def resolve_overlaps(
    masks: Sequence[Mask],
    contested: frozenset[str],
    groups: Mapping[str, str],
    trust_of: Callable[[ObjectFrame], bytes],
) -> list[Mask]:
    """The masks of a video without what others of their group got; one of which nothing is left is dropped.

    Args:
        masks: of all batches, at most one an object and frame.
        contested: objects that exclude objects of other batches; the others stay as they are.
        groups: object id → group.
        trust_of: the packed trust map of a contested mask; that of one frame after the other is asked for.
    """
    at: dict[int, dict[str, Mask]] = defaultdict(dict)
    for mask in masks:
        if mask.object_id in contested:
            at[mask.frame_idx][mask.object_id] = mask
    settled = [kept for rows in at.values() for kept in _resolved(rows, groups, trust_of)]
    return [mask for mask in masks if mask.object_id not in contested] + settled


def _resolved(
    rows: Mapping[str, Mask], groups: Mapping[str, str], trust_of: Callable[[ObjectFrame], bytes]
) -> Iterator[Mask]:
    """The rows of one frame, by object id."""
    for together, settled in exclusion_sets(rows, groups):
        own = [rows[object_id] for object_id in together]
        if len(own) == 1:
            yield own[0]
            continue
        assigned = assign_pixels([row.decode() for row in own], [_trust(row, trust_of) for row in own])
        for row, drawn in zip(own, assigned, strict=True):
            if row.object_id in settled and drawn.any():
                yield replace(row, rle=encode_rle(drawn))


def _trust(row: Mask, trust_of: Callable[[ObjectFrame], bytes]) -> NDArray[np.uint8] | None:
    """A mask's trust map; None for one that was given or that a segmenter drew: it is taken as it is."""
    return unpack_patch(trust_of((row.object_id, row.frame_idx))) if row.source == "propagator" else None


def assign_pixels(
    masks: Sequence[NDArray[np.bool_]], trusts: Sequence[NDArray[np.uint8] | None]
) -> list[NDArray[np.bool_]]:
    """Give every pixel that several masks claim to the one that is surest of it, the first of equals.

    Args:
        masks: (H, W) bool, of one frame.
        trusts: (h, w) uint8 each, 255 surely the object; None for a mask that is taken as given.

    Returns:
        The masks without what others got; where they overlap nowhere, as they were.

    >>> one, other = np.array([[True, True, False]]), np.array([[False, True, True]])
    >>> [mask.astype(int).tolist() for mask in assign_pixels([one, other], [np.full((1, 3), 90, np.uint8), None])]
    [[[1, 0, 0]], [[0, 1, 1]]]
    """
    height, width = masks[0].shape
    owner, best = np.full((height, width), -1), np.full((height, width), -1, dtype=np.int16)
    for number, (mask, trust) in enumerate(zip(masks, trusts, strict=True)):
        sure = 256 if trust is None else resize(trust, (height, width), cv2.INTER_LINEAR)
        won = mask & (best < sure)
        owner[won] = number
        best[won] = sure if isinstance(sure, int) else sure[won]
    return [mask & (owner == number) for number, mask in enumerate(masks)]
