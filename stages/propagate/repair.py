"""Automatic repair: a low-quality mask is re-segmented, and replaced where motion prefers the new one.

Track Anything (Yang et al., 2023) prompts the segmenter again where tracking is poor, with points and the mask of the
tracker. Which of the two masks is better is decided here by what neither of them was made from: motion. The answer
must hold more of what moves, and where the two masks differ, what moves must lie on its side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from schemas.checks import require_unit
from schemas.groups import exclusive_objects
from schemas.iou import iou
from schemas.object_masks import ObjectMask
from schemas.prompts import Prompt
from schemas.repairs import Repair
from stages.backends.segmenter import Segment, Segmenter
from stages.memory import release_memory_when_large
from stages.propagate.frame_window import FrameWindow
from stages.propagate.motion import Motion
from stages.propagate.motion_support import balance, support, to_motion_size
from stages.propagate.repair_prompts import repair_prompts

REACH = 4
"""Frames behind the poor one against which its motion is measured."""
LEAST_QUALITY, LEAST_AGREEMENT, LEAST_KEPT = 0.5, 0.5, 0.8
"""Of an acceptable answer: the segmenter's trust in it, and its intersection over union with the poor mask, or the
share of the poor mask that it keeps: a click may mean an object or a part of it, and the motion shows which."""
LEAST_GAIN = 0.03
"""In support, for the answer to be accepted."""


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """Which masks are re-segmented; what is accepted cannot be configured.

    Attributes:
        enabled: off, nothing is repaired.
        every: an object is re-segmented at most once in so many frames.
        poor_start: a segmenter's mask from which tracking starts is poor below this quality.
        poor: a tracked mask is poor below this quality.
    """

    enabled: bool = True
    every: int = 100
    poor_start: float = 0.75
    poor: float = 0.5

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every {self.every} must be at least 1 frame")
        require_unit("poor_start", self.poor_start)
        require_unit("poor", self.poor)


@dataclass(slots=True)
class Repairer:
    """Repairs the masks of one way through one video.

    Attributes:
        segmenter: the model.
        options: which masks are re-segmented.
        groups: object id → group; a click on an object counts against the others of its group.
        decisions: one for each mask that was re-segmented.
        seen: masks that a person has seen and left as they are, by object and frame; they stay.
    """

    segmenter: Segmenter
    options: RepairOptions
    groups: Mapping[str, str] = field(default_factory=dict)
    decisions: list[Repair] = field(default_factory=list)
    seen: Collection[tuple[str, int]] = ()
    _repaired_at: dict[str, int] = field(default_factory=dict)

    def repair(
        self, here: FrameWindow, rows: Sequence[ObjectMask], rated: Sequence[ObjectMask]
    ) -> dict[str, ObjectMask]:
        """Re-segment the low-quality masks of a frame.

        Args:
            here: the frame and those that follow.
            rows: its masks, with their models' own quality.
            rated: the same with what the motion since the frame before says of their quality.

        Returns:
            The masks that take another's place, with source ``repair``.
        """
        suspects = self._suspects(here.frame.idx, rows, rated) if here.following else []
        if not suspects:
            return {}
        scene = _Scene(rows, Motion.among([behind.grey for behind in here.following], here.small.grey))
        poor = [row for row in suspects if row.source == "propagator" or self._poor_start(row, scene)]
        if not poor:
            return {}
        prompts = [repair_prompts(row, self._rivals(row, rows), _held(row, rows), scene.motion) for row in poor]
        answers = iter(self._segment(here, [replace(prompt, n_objects=len(rows)) for own in prompts for prompt in own]))
        taken: dict[str, ObjectMask] = {}
        for row, own in zip(poor, prompts, strict=True):
            answer, decision = self._best(row, [next(answers) for _ in own], scene)
            self.decisions.append(decision)
            self._repaired_at[row.object_id] = here.frame.idx
            if decision.accepted:
                drawn = replace(row, mask=answer.mask, quality=answer.quality, trust=None)
                taken[row.object_id] = replace(drawn, source="repair", model=self.segmenter.name)
        return taken

    def _segment(self, here: FrameWindow, prompts: Sequence[Prompt]) -> list[Segment]:
        release_memory_when_large()
        answers = self.segmenter.segment(here.frame.image, prompts)
        release_memory_when_large()
        return answers

    def _rivals(self, row: ObjectMask, rows: Sequence[ObjectMask]) -> list[ObjectMask]:
        own = exclusive_objects(row.object_id, [other.object_id for other in rows], self.groups)
        return [other for other in rows if other.object_id in own]

    def _suspects(self, frame_idx: int, rows: Sequence[ObjectMask], rated: Sequence[ObjectMask]) -> list[ObjectMask]:
        """Poor tracked masks, and what the segmenter drew and nobody has seen, of objects that may be asked for."""
        since = {row.object_id: frame_idx - self._repaired_at.get(row.object_id, -self.options.every) for row in rows}
        return [
            row
            for row, known in zip(rows, rated, strict=True)
            if since[row.object_id] >= self.options.every
            and (row.object_id, frame_idx) not in self.seen
            and (row.source == "segmenter" or (row.source == "propagator" and known.quality < self.options.poor))
        ]

    def _poor_start(self, row: ObjectMask, scene: _Scene) -> bool:
        return bool(row.quality * scene.support(row.object_id) ** 0.5 < self.options.poor_start)

    def _best(self, row: ObjectMask, answers: Sequence[Segment], scene: _Scene) -> tuple[Segment, Repair]:
        """An acceptable answer, else any; of several the one that holds most of what moves."""
        decided = [(answer, self._decide(row, answer, scene)) for answer in answers]
        return max(decided, key=lambda pair: (pair[1].accepted, pair[1].new_support))

    def _decide(self, row: ObjectMask, answer: Segment, scene: _Scene) -> Repair:
        before, after = scene.support(row.object_id), scene.support(row.object_id, answer.mask)
        agreement, kept = iou(row.mask, answer.mask), float((row.mask & answer.mask).sum() / row.mask.sum())
        gained = scene.balance(row.object_id, answer.mask)
        if answer.quality < LEAST_QUALITY:
            outcome = "unsure"
        elif agreement < LEAST_AGREEMENT and kept < LEAST_KEPT:
            outcome = "unlike"
        else:
            outcome = "accepted" if after - before >= LEAST_GAIN and gained > 0 else "no_gain"
        occasion = "start" if row.source == "segmenter" else "track"
        return Repair(
            row.video_id, row.object_id, row.frame_idx, occasion, self.segmenter.name, row.quality, before,
            answer.quality, after, agreement, gained, outcome,
        )  # fmt: skip


def _held(row: ObjectMask, rows: Sequence[ObjectMask]) -> NDArray[np.bool_]:
    """What the other objects of the frame hold."""
    others = [other.mask for other in rows if other.object_id != row.object_id]
    return np.asarray(np.logical_or.reduce([np.zeros_like(row.mask), *others]))


class _Scene:
    """The masks of a frame before its motion."""

    def __init__(self, rows: Sequence[ObjectMask], motion: Motion) -> None:
        self.motion = motion
        self._masks = {row.object_id: to_motion_size(row.mask, motion) for row in rows}

    def support(self, object_id: str, mask: NDArray[np.bool_] | None = None) -> float:
        """Of the object's mask, or of ``mask`` in its place."""
        small = self._masks[object_id] if mask is None else to_motion_size(mask, self.motion)
        return support(small, self._others(object_id), self.motion)

    def balance(self, object_id: str, mask: NDArray[np.bool_]) -> float:
        """Of ``mask`` against the object's own."""
        new = to_motion_size(mask, self.motion)
        return balance(self._masks[object_id], new, self._others(object_id), self.motion)

    def _others(self, object_id: str) -> NDArray[np.bool_]:
        nothing = np.zeros(self.motion.moving.shape, dtype=bool)
        others = [mask for key, mask in self._masks.items() if key != object_id]
        return np.asarray(np.logical_or.reduce([nothing, *others]))
