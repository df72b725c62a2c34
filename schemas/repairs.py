"""Decisions of the automatic repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.checks import require_choice, require_index, require_text, require_unit

REPAIR_OCCASIONS = ("start", "track")
REPAIR_OUTCOMES = ("accepted", "unsure", "unlike", "no_gain")


@dataclass(frozen=True, slots=True)
class Repair:
    """A mask that was found poor, the better of what the segmenter drew instead, and what was decided.

    Attributes:
        video_id: the video.
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        occasion: ``start`` for the segmenter's own first mask, ``track`` for a tracked one.
        model: registry key of the segmenter that was asked.
        own_quality: what the mask's own model says of it, in [0, 1].
        support: what the motion says of the mask, in [0, 1].
        new_quality: what the segmenter says of its new mask, in [0, 1].
        new_support: what the motion says of the new mask, in [0, 1].
        agreement: intersection over union of both masks.
        balance: whether what the new mask adds moves and what it leaves out does not, in [-1, 1].
        outcome: ``accepted``; or why not: ``unsure`` (the segmenter itself), ``unlike`` (another thing),
            ``no_gain`` (the motion does not prefer it). A mask that is not replaced goes to people early.
    """

    video_id: str
    object_id: str
    frame_idx: int
    occasion: str
    model: str
    own_quality: float
    support: float
    new_quality: float
    new_support: float
    agreement: float
    balance: float
    outcome: str

    def __post_init__(self) -> None:
        require_text("video_id", self.video_id)
        require_text("object_id", self.object_id)
        require_index("frame_idx", self.frame_idx)
        require_choice("occasion of a repair", self.occasion, REPAIR_OCCASIONS)
        require_choice("outcome of a repair", self.outcome, REPAIR_OUTCOMES)
        for name in ("own_quality", "support", "new_quality", "new_support", "agreement"):
            require_unit(name, getattr(self, name))

    @property
    def accepted(self) -> bool:
        """The new mask took the old one's place."""
        return self.outcome == "accepted"


def doubted_frames(decisions: Iterable[Repair]) -> dict[str, int]:
    """Object id → the frame of its most doubtful mask that was asked for again and stayed, for people to see first."""
    stayed = sorted(
        (d for d in decisions if not d.accepted), key=lambda d: (-d.own_quality * d.support**0.5, d.frame_idx)
    )
    return {decision.object_id: decision.frame_idx for decision in stayed}
