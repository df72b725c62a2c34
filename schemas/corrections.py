"""What a person said of the masks of an annotated video."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice, require_index, require_text

CORRECTIONS = ("clicks", "absent", "lock", "add", "delete", "undo")


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction. Those of one round are worked on together; a round is done once the masks say so.

    Attributes:
        video_id: the video.
        object_id: stable within the video; empty for ``undo``.
        frame_idx: 0-based decode index; 0 for ``delete`` and ``undo``.
        kind: ``clicks``, a box or both on a mask that is there; ``absent``: not on this frame; ``lock``: its mask is
            right; ``add``: an object that the video did not have is localized here; ``delete``: the object is none;
            ``undo``: all masks as they were after ``to_round``.
        round: which round it belongs to, from 1 on.
        x: pixel indices of clicks.
        y: of the same clicks.
        label: of the same clicks, 1 on the object and 0 off it.
        to_round: see ``undo``.
        box_px: (x0, y0, x1, y1) half-open pixels around the whole object, beside clicks or without; empty without one.
    """

    video_id: str
    object_id: str
    frame_idx: int
    kind: str
    round: int
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    label: tuple[int, ...] = ()
    to_round: int = 0
    box_px: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        require_text("video_id", self.video_id)
        require_choice("kind of a correction", self.kind, CORRECTIONS)
        require_index("frame_idx", self.frame_idx)
        if self.kind != "undo":
            require_text("object_id", self.object_id)
        if self.round < 1 or not 0 <= self.to_round < self.round:
            raise ValueError(f"correction of round {self.round} back to round {self.to_round}")
        if not len(self.x) == len(self.y) == len(self.label) or any(one not in (0, 1) for one in self.label):
            raise ValueError(f"clicks of {len(self.x)} x, {len(self.y)} y and labels {self.label} do not match")
        if self.box_px and not (
            len(self.box_px) == 4 and self.box_px[0] < self.box_px[2] and self.box_px[1] < self.box_px[3]
        ):
            raise ValueError(f"box {self.box_px} of a correction; expected x0 < x1 and y0 < y1")
        if self.kind == "clicks" and not self.x and not self.box_px:
            raise ValueError("a correction by clicks needs clicks or a box")
