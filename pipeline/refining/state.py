"""The masks of a video while a round changes them, and what a correction makes of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.runs.rounds import VideoRounds
from schemas.corrections import Correction
from schemas.elements import ObjectFrame
from schemas.groups import rivals
from schemas.localizations import Clicks, Localization
from schemas.masks import Mask
from schemas.videos import Video
from stages.backends.segmenter import Segmenter
from stages.refine.constraints import VerifiedPoint
from stages.refine.correcting import corrected, correction_prompt
from stages.segment.segment_frame import segment_frame

Drawing = NDArray[np.bool_]
Verified = Mapping[ObjectFrame, Sequence[VerifiedPoint]]
"""The verified points of a video by object and frame."""


@dataclass
class VideoState:
    """The masks of a video while a round changes them.

    Attributes:
        video: what is known of it.
        groups: object id → group; objects of one group share no pixel.
        masks: the present ones, by object and frame.
        verified: points that a mask which is corrected must agree with.
    """

    video: Video
    groups: Mapping[str, str]
    masks: dict[ObjectFrame, Mask]
    verified: Verified = field(default_factory=dict)

    def drawing(self, object_id: str, frame_idx: int) -> Drawing:
        """(H, W) bool; empty where the object has no mask."""
        mask = self.masks.get((object_id, frame_idx))
        return np.zeros((self.video.height, self.video.width), dtype=bool) if mask is None else mask.decode()

    def taken(self, object_id: str, frame_idx: int) -> Drawing | None:
        """Pixels of the objects that exclude this one, which stay theirs."""
        others = [i for i in rivals(object_id, self.groups, self.groups) if (i, frame_idx) in self.masks]
        return np.logical_or.reduce([self.drawing(i, frame_idx) for i in others]) if others else None

    def free(self, object_id: str, frame_idx: int, drawing: Drawing) -> Drawing:
        """A drawing without the pixels of others."""
        taken = self.taken(object_id, frame_idx)
        return drawing if taken is None else drawing & ~taken


def state_of(
    video: Video, rounds: VideoRounds, localizations: Sequence[Localization], verified: Verified | None = None
) -> VideoState:
    """The present masks of a video, to be changed."""
    masks = {(mask.object_id, mask.frame_idx): mask for mask in rounds.masks}
    return VideoState(video, {loc.object_id: loc.group for loc in localizations}, masks, verified or {})


def draw_correction(
    state: VideoState,
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    one: Correction,
    localizations: Sequence[Localization],
) -> tuple[Drawing, float]:
    """The mask that a correction asks for on its own frame, and the trust in it.

    Args:
        state: the masks as they are.
        segmenter: the run's.
        image: (H, W, 3) uint8 RGB, the frame.
        one: a correction by ``clicks``, ``absent``, ``lock`` or ``add``.
        localizations: of the frame, for an object that is added.

    Raises:
        ValueError: nothing comes of it; the message says why.
    """
    before = state.drawing(one.object_id, one.frame_idx)
    if one.kind == "absent":
        return np.zeros_like(before), 1.0
    if one.kind == "lock":
        return before, 1.0
    if one.kind == "clicks":
        clicks = Clicks(tuple(zip(one.x, one.y, strict=True)), one.label) if one.x else None
        mask, _ = corrected(segmenter, image, correction_prompt(one.object_id, clicks, before, box=one.box_px))
        return state.free(one.object_id, one.frame_idx, mask), 1.0
    found, rejects = segment_frame(segmenter, image, localizations)
    if one.object_id not in found:
        raise ValueError(rejects[-1].detail if rejects else f"object {one.object_id} has no hint on this frame")
    segmented = found[one.object_id]
    return state.free(one.object_id, one.frame_idx, segmented.mask), segmented.quality
