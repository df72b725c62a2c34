"""Objects that exclude each other on one frame: what points at one of them points away from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from schemas.groups import exclusive_objects
from schemas.prompts import Prompt


def with_negative_clicks(
    prompts: Mapping[str, Prompt], groups: Mapping[str, str], apart_px: float
) -> dict[str, Prompt]:
    """The prompts, each with the positive clicks of the others of its group as negatives.

    Clicks close to the object's own positions are left out: where two strokes meet, neither says where one ends.

    Args:
        prompts: of one frame, by object id.
        groups: object id → group; see :mod:`schemas.groups`.
        apart_px: how far a click must be from the object's own positions to count.
    """
    return {
        object_id: _against(
            prompt, [_clicks(prompts[i]) for i in exclusive_objects(object_id, prompts, groups)], apart_px
        )
        for object_id, prompt in prompts.items()
    }


def _clicks(prompt: Prompt) -> NDArray[np.float32]:
    clicks: NDArray[np.float32] = prompt.points_px[prompt.labels == 1]
    return clicks


def _against(prompt: Prompt, theirs: list[NDArray[np.float32]], apart_px: float) -> Prompt:
    clicks = np.concatenate([np.zeros((0, 2), np.float32), *theirs])
    own = np.concatenate([prompt.support_px, _clicks(prompt)])
    if not len(clicks) or not len(own):
        return prompt
    gaps = np.linalg.norm(clicks[:, None] - own, axis=2).min(axis=1)
    far = clicks[gaps >= apart_px]
    return replace(
        prompt,
        points_px=np.concatenate([prompt.points_px, far]),
        labels=np.concatenate([prompt.labels, np.zeros(len(far), np.int8)]),
    )
