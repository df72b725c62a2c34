"""Frames of objects that need checking: their masks still contradict the answers after correction."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice, require_index, require_text

FLAG_REASONS = ("contradicted",)


@dataclass(frozen=True, slots=True)
class Flag:
    """One object on one frame.

    Attributes:
        video_id: the video.
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        reason: ``contradicted``: verified points lie on the wrong side of the mask.
        n_points: verified points of the object on the frame.
        n_wrong: those that the mask contradicts.
    """

    video_id: str
    object_id: str
    frame_idx: int
    reason: str
    n_points: int
    n_wrong: int

    def __post_init__(self) -> None:
        require_text("video_id", self.video_id)
        require_text("object_id", self.object_id)
        require_index("frame_idx", self.frame_idx)
        require_choice("reason of a flag", self.reason, FLAG_REASONS)
