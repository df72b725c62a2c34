"""The quality of final masks: what the model says of itself, and what the motion says.

A model that learned the wrong thing is sure of itself, even on the frame it started from. Motion knows nothing of
appearances: a mask that drifted onto the ground holds nothing that moves, and a mask of half an object has the other
half moving right beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from schemas.object_masks import ObjectMask
from stages.propagate.motion import Motion
from stages.propagate.motion_support import support, to_motion_size


def with_motion_quality(rows: Sequence[ObjectMask], motion: Motion) -> list[ObjectMask]:
    """The masks of one frame, their quality times the root of their motion's support; people's masks stay as they are.

    Args:
        rows: all objects of the frame; what moves inside one of them is held against no other.
        motion: since the frame before.
    """
    masks = [to_motion_size(row.mask, motion) for row in rows]
    held = np.logical_or.reduce(masks) if masks else np.zeros(motion.moving.shape, dtype=bool)
    return [
        row if row.source == "human" else replace(row, quality=row.quality * support(mask, held, motion) ** 0.5)
        for row, mask in zip(rows, masks, strict=True)
    ]
