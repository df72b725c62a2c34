"""What an interactive segmenter is asked: one object on one frame, in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """The prompt for one object.

    Attributes:
        object_id: stable within the video.
        kind: what it was made from: ``trace``, ``clicks``, ``box``, ``scribble`` or ``mask`` of a person, or
            ``repair`` of a tracked mask.
        points_px: (N, 2) float32 pixel coordinates inside the frame, x first: the few clicks a model that takes
            clicks should get, best first.
        labels: (N,) int8, 1 on the object, 0 off it.
        support_px: (M, 2) float32, x first: every cleaned position known to be (nearly always) on the object;
            for clicks these are the positive clicks. Models that can use more than clicks use these.
        box_xyxy_px: (4,) float32 half-open box of the object, or None when only points are known.
        fence_xyxy_px: (4,) float32 half-open box that surely contains the object, or None. It bounds negatives
            and is the fallback prompt; it is never a model's first prompt.
        mask: (H, W) bool, the mask that the user gave, or None.
        n_objects: how many objects are known on the frame, asked for or not. Where they are few, a model may answer
            one after the other to take less memory.
        is_soft: whether the answer should say how probable each pixel is; models that cannot tell answer as ever.
    """

    object_id: str
    kind: str
    points_px: Array
    labels: Array
    support_px: Array
    box_xyxy_px: Array | None = None
    fence_xyxy_px: Array | None = None
    mask: NDArray[np.bool_] | None = None
    n_objects: int = 1
    is_soft: bool = False

    def __post_init__(self) -> None:
        if self.points_px.shape != (len(self.labels), 2):
            raise ValueError(f"points {self.points_px.shape} and labels {self.labels.shape} do not match")
        if len(self.labels) == 0 and self.box_xyxy_px is None and self.mask is None:
            raise ValueError(f"prompt for object {self.object_id!r} is empty")
