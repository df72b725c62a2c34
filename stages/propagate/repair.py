"""Automatic repair: a poor mask is asked for again, and gives way where the motion prefers the answer.

Track Anything (Yang et al., 2023) prompts the segmenter again where tracking is poor, with points and the mask of the
tracker. Which of the two masks is better is decided here by what neither of them was made from: motion. The answer
must hold more of what moves, and where the two masks differ, what moves must lie on its side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from schemas.checks import require_unit
from schemas.groups import rivals
from schemas.prompts import Prompt
from schemas.repairs import Repair
from stages.propagate.frame_window import Nearby
from stages.propagate.motion import Movement
from stages.propagate.motion_support import balance, support, to_movement
from stages.propagate.quality import rated
from stages.propagate.repair_prompts import probes
from stages.propagate.tracked import Anchor, Tracked

Ask = Callable[[NDArray[np.uint8], Sequence[Prompt]], Sequence[Anchor]]
"""A segmenter: a (H, W, 3) uint8 RGB frame and prompts to as many masks."""
REACH = 4
"""Frames behind the poor one against which its motion is measured."""
LEAST_QUALITY, LEAST_AGREEMENT = 0.7, 0.5
"""Of an acceptable answer: the segmenter's trust in it, and its intersection over union with the poor mask."""
LEAST_GAIN = 0.03
"""In support, for the answer to be accepted."""


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """When masks are asked for again; what is accepted is not for choice.

    Attributes:
        enabled: off, nothing is repaired.
        every: an object is asked for at most once in so many frames.
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
        video_id: of the video.
        ask: the segmenter.
        options: when it is asked.
        groups: object id → group; a click on an object counts against the others of its group.
        decisions: one for each time that it was asked.
    """

    video_id: str
    ask: Ask
    options: RepairOptions
    groups: Mapping[str, str] = field(default_factory=dict)
    decisions: list[Repair] = field(default_factory=list)
    _asked: dict[str, int] = field(default_factory=dict)

    def repair(self, here: Nearby, rows: Sequence[Tracked], movement: Movement) -> dict[str, Anchor]:
        """Ask again for the poor masks of a frame.

        Args:
            here: the frame and those that follow.
            rows: its masks, with their models' own quality.
            movement: since the frame before.

        Returns:
            The masks that take another's place, with source ``repair``.
        """
        suspects = self._suspects(here.frame.idx, rows, movement) if here.following else []
        if not suspects:
            return {}
        scene = _Scene(rows, Movement.among(here.following, here.grey))
        poor = [row for row in suspects if row.source == "propagator" or self._poor_start(row, scene)]
        if not poor:
            return {}
        prompts = [probes(row, self._rivals(row, rows), scene.movement) for row in poor]
        asked = [replace(prompt, n_objects=len(rows)) for own in prompts for prompt in own]
        answers = iter(self.ask(here.frame.image, asked))
        taken: dict[str, Anchor] = {}
        for row, own in zip(poor, prompts, strict=True):
            answer, decision = self._best(row, [next(answers) for _ in own], scene)
            self.decisions.append(decision)
            self._asked[row.object_id] = here.frame.idx
            if decision.accepted:
                taken[row.object_id] = answer
        return taken

    def _rivals(self, row: Tracked, rows: Sequence[Tracked]) -> list[Tracked]:
        own = rivals(row.object_id, [other.object_id for other in rows], self.groups)
        return [other for other in rows if other.object_id in own]

    def _suspects(self, frame_idx: int, rows: Sequence[Tracked], movement: Movement) -> list[Tracked]:
        """Poor tracked masks, and all that the segmenter drew, of objects that may be asked for."""
        since = {row.object_id: frame_idx - self._asked.get(row.object_id, -self.options.every) for row in rows}
        return [
            row
            for row, known in zip(rows, rated(rows, movement), strict=True)
            if since[row.object_id] >= self.options.every
            and (row.source == "segmenter" or (row.source == "propagator" and known.quality < self.options.poor))
        ]

    def _poor_start(self, row: Tracked, scene: _Scene) -> bool:
        return bool(row.quality * scene.support(row.object_id) ** 0.5 < self.options.poor_start)

    def _best(self, row: Tracked, answers: Sequence[Anchor], scene: _Scene) -> tuple[Anchor, Repair]:
        """An acceptable answer, else any; of several the one that holds most of what moves."""
        decided = [(answer, self._decide(row, answer, scene)) for answer in answers]
        return max(decided, key=lambda pair: (pair[1].accepted, pair[1].new_support))

    def _decide(self, row: Tracked, answer: Anchor, scene: _Scene) -> Repair:
        before, after = scene.support(row.object_id), scene.support(row.object_id, answer.mask)
        agreement = _iou(row.mask, answer.mask)
        gained = scene.balance(row.object_id, answer.mask)
        if answer.quality < LEAST_QUALITY:
            outcome = "unsure"
        elif agreement < LEAST_AGREEMENT:
            outcome = "unlike"
        else:
            outcome = "accepted" if after - before >= LEAST_GAIN and gained > 0 else "no_gain"
        occasion = "start" if row.source == "segmenter" else "track"
        return Repair(
            self.video_id, row.object_id, row.frame_idx, occasion, answer.model, row.quality, before, answer.quality,
            after, agreement, gained, outcome,
        )  # fmt: skip


class _Scene:
    """The masks of a frame before its motion."""

    def __init__(self, rows: Sequence[Tracked], movement: Movement) -> None:
        self.movement = movement
        self._masks = {row.object_id: to_movement(row.mask, movement) for row in rows}

    def support(self, object_id: str, mask: NDArray[np.bool_] | None = None) -> float:
        """Of the object's mask, or of ``mask`` in its place."""
        small = self._masks[object_id] if mask is None else to_movement(mask, self.movement)
        return support(small, self._others(object_id), self.movement)

    def balance(self, object_id: str, mask: NDArray[np.bool_]) -> float:
        """Of ``mask`` against the object's own."""
        new = to_movement(mask, self.movement)
        return balance(self._masks[object_id], new, self._others(object_id), self.movement)

    def _others(self, object_id: str) -> NDArray[np.bool_]:
        nothing = np.zeros(self.movement.moving.shape, dtype=bool)
        others = [mask for key, mask in self._masks.items() if key != object_id]
        return np.asarray(np.logical_or.reduce([nothing, *others]))


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 1.0
