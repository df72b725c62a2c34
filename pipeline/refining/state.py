"""The masks of a video while a round changes them, and what a correction makes of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.refining.verified import Verified
from pipeline.runs.rounds import VideoRounds
from schemas.corrections import Correction
from schemas.elements import ObjectFrame
from schemas.groups import exclusive_objects
from schemas.localizations import Clicks, Localization
from schemas.masks import Mask
from schemas.videos import Video
from stages.backends.segmenter import Segmenter
from stages.refine.constraints import VerifiedPoint
from stages.refine.correcting import corrected, correction_prompt
from stages.refine.point_classifier import ObjectLikelihood
from stages.segment.segment_frame import segment_frame

Drawing = NDArray[np.bool_]


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
    verified: Verified

    def drawing(self, object_id: str, frame_idx: int) -> Drawing:
        """(H, W) bool; empty where the object has no mask."""
        mask = self.masks.get((object_id, frame_idx))
        return np.zeros((self.video.height, self.video.width), dtype=bool) if mask is None else mask.decode()

    def taken(self, object_id: str, frame_idx: int) -> Drawing | None:
        """Pixels of the objects that exclude this one, which stay theirs."""
        others = [i for i in exclusive_objects(object_id, self.groups, self.groups) if (i, frame_idx) in self.masks]
        return np.logical_or.reduce([self.drawing(i, frame_idx) for i in others]) if others else None

    def free(self, object_id: str, frame_idx: int, drawing: Drawing) -> Drawing:
        """A drawing without the pixels of others."""
        taken = self.taken(object_id, frame_idx)
        return drawing if taken is None else drawing & ~taken

    def known_points(self, object_id: str, frame_idx: int) -> list[VerifiedPoint]:
        """The object's verified points on a frame, and those of objects that exclude it, which are off this one."""
        own = list(self.verified.points.get((object_id, frame_idx), ()))
        others = exclusive_objects(object_id, self.groups, self.groups)
        theirs = {(x, y) for i in others for x, y, label in self.verified.points.get((i, frame_idx), ()) if label}
        return own + [(x, y, 0) for x, y in sorted(theirs - {(x, y) for x, y, _ in own})]


def state_of(video: Video, rounds: VideoRounds, groups: Mapping[str, str], verified: Verified) -> VideoState:
    """The present masks of a video, to be changed."""
    return VideoState(video, groups, {(mask.object_id, mask.frame_idx): mask for mask in rounds.masks}, verified)


def draw_correction(
    state: VideoState,
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    one: Correction,
    localizations: Sequence[Localization],
    likelihood: ObjectLikelihood | None = None,
) -> tuple[Drawing, float]:
    """The mask that a correction asks for on its own frame, and the trust in it; it may hold pixels of others.

    Args:
        state: the masks as they are.
        segmenter: the run's.
        image: (H, W, 3) uint8 RGB, the frame.
        one: a correction by ``clicks``, ``absent``, ``lock`` or ``add``.
        localizations: of the frame, for an object that is added.
        likelihood: how much the pixels look like the object, where verified points tell and nobody clicked.

    Raises:
        ValueError: nothing comes of it; the message says why.
    """
    key = one.object_id, one.frame_idx
    before = state.drawing(*key)
    if one.kind == "absent":
        return np.zeros_like(before), 1.0
    if one.kind == "lock":
        return before, 1.0
    if one.kind == "clicks":
        mask = _clicked(segmenter, image, one, before, state.known_points(*key), likelihood)
        if one.box_px and not mask.any():
            raise ValueError(f"{segmenter.name} found nothing in the box; click on the object, or mark it absent")
        return mask, 1.0
    found, rejects = segment_frame(segmenter, image, localizations)
    if one.object_id not in found:
        raise ValueError(rejects[-1].detail if rejects else f"object {one.object_id} has no hint on this frame")
    segmented = found[one.object_id]
    return segmented.mask, segmented.quality


def _clicked(
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    one: Correction,
    before: Drawing,
    known: Sequence[VerifiedPoint],
    likelihood: ObjectLikelihood | None,
) -> Drawing:
    """The mask that clicks ask for; every click and every verified point of the frame lies on its side of the edge."""
    said = {(x, y): label for x, y, label in zip(one.x, one.y, one.label, strict=True)}
    every = {(float(x), float(y)): label for x, y, label in known} | said
    prompt = correction_prompt(one.object_id, _as_clicks(every), before, box=one.box_px)
    height, width = before.shape
    points = [(min(int(x), width - 1), min(int(y), height - 1), label) for (x, y), label in every.items()]
    return corrected(segmenter, image, prompt, points, likelihood)[0]


def _as_clicks(points: Mapping[tuple[float, float], int]) -> Clicks | None:
    return Clicks(tuple(points), tuple(points.values())) if points else None
