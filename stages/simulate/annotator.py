"""A simulated annotator: answers candidates from ground truth, with the errors and the pace of a person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from schemas.points import PointCandidate
from schemas.reviews import Verdict
from stages.simulate.cost import FRAME_SWITCH_S, POINT_S

BOUNDARY_PX = 2
DECIDED_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""Simulated verdicts carry one fixed, early time: the same input gives the same bytes, and people come later."""


@dataclass(frozen=True, slots=True)
class SimulatedAnnotator:
    """Answers with the truth, AMBIGUOUS near the object's boundary, and flipped with a small probability.

    Attributes:
        error_rate: probability of a flipped answer away from the boundary.
        seed: of the errors; each candidate has its own stream, whatever else is asked.
    """

    error_rate: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.error_rate <= 1.0:
            raise ValueError(f"error rate {self.error_rate} is not in [0, 1]")

    def answer(
        self, candidates: Iterable[PointCandidate], truth: NDArray[np.bool_], void: NDArray[np.bool_] | None
    ) -> Iterator[Verdict]:
        """One verdict a candidate; all are of one object on one frame.

        Args:
            candidates: of one object on one frame.
            truth: (H, W) bool, the object.
            void: (H, W) bool, pixels that the ground truth leaves open, or None.
        """
        asked = list(candidates)
        for candidate in asked:
            error, pace = self._chances(candidate.candidate_id)
            yield Verdict(
                candidate_id=candidate.candidate_id,
                status=self._status(candidate, truth, void, error < self.error_rate),
                annotator="simulated",
                source="simulated",
                lead_time_s=round(POINT_S * (0.5 + pace) + FRAME_SWITCH_S / len(asked), 3),
                task_key=f"simulated:{candidate.video_id}:{candidate.object_id}:{candidate.frame_idx}",
                annotation_id=f"simulated:{self.seed}",
                decided_at=DECIDED_AT,
            )

    def _status(
        self, candidate: PointCandidate, truth: NDArray[np.bool_], void: NDArray[np.bool_] | None, err: bool
    ) -> str:
        x, y = candidate.x, candidate.y
        if (void is not None and void[y, x]) or _near_boundary(truth, x, y):
            return "AMBIGUOUS"
        return "ACCEPTED" if bool(truth[y, x]) != err else "REJECTED"

    def _chances(self, candidate_id: str) -> tuple[float, float]:
        digest = hashlib.blake2b(f"{self.seed}:{candidate_id}".encode(), digest_size=16).digest()
        return int.from_bytes(digest[:8], "big") / 2**64, int.from_bytes(digest[8:], "big") / 2**64


def _near_boundary(truth: NDArray[np.bool_], x: int, y: int) -> bool:
    """Whether a pixel of the other kind lies within BOUNDARY_PX; the frame's edge is no boundary."""
    top, left = max(y - BOUNDARY_PX, 0), max(x - BOUNDARY_PX, 0)
    rows, columns = np.nonzero(truth[top : y + BOUNDARY_PX + 1, left : x + BOUNDARY_PX + 1] != truth[y, x])
    return bool(((rows + top - y) ** 2 + (columns + left - x) ** 2 <= BOUNDARY_PX**2).any())
