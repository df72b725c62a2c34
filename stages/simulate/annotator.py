"""Simulated annotators: they answer candidates from ground truth, with the errors and the pace of people."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.digests import uniform
from schemas.points import PointCandidate
from schemas.reviews import Verdict
from stages.simulate.cost import FRAME_SWITCH_S, POINT_S

BOUNDARY_PX = 2
DECIDED_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""Simulated verdicts carry one fixed, early time: the same input gives the same bytes, and people come later."""


SIMULATED = "simulated"
"""Name of the only annotator, and source of all their verdicts."""


class Annotator(Protocol):
    """Whoever answers candidates from ground truth."""

    def answer(
        self, candidates: Iterable[PointCandidate], truth: NDArray[np.bool_], void: NDArray[np.bool_] | None
    ) -> Iterator[Verdict]:
        """Verdicts on candidates of one object on one frame; see :meth:`SimulatedAnnotator.answer`."""
        ...

    def again(self) -> Annotator:
        """The same annotator, looking again at candidates that were answered before."""
        ...


@dataclass(frozen=True, slots=True)
class SimulatedAnnotator:
    """Answers with the truth, AMBIGUOUS near the object's boundary, and flipped with a small probability.

    Attributes:
        error_rate: probability of a flipped answer away from the boundary.
        seed: of the errors; each candidate has its own stream, whatever else is asked.
        name: of the annotator; each errs in its own way.
        looks_again: it answers what was answered before, one candidate a task, independently of the first answer.
    """

    error_rate: float = 0.02
    seed: int = 0
    name: str = SIMULATED
    looks_again: bool = False

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
                annotator=self.name,
                source=SIMULATED,
                lead_time_s=round(POINT_S * (0.5 + pace) + FRAME_SWITCH_S / len(asked), 3),
                task_key=self._task_key(candidate),
                annotation_id=f"{self.name}:{self.seed}",
                decided_at=DECIDED_AT,
            )

    def again(self) -> SimulatedAnnotator:
        """The same annotator, looking again; each second answer is a task of its own and errs on its own."""
        return replace(self, looks_again=True)

    def _status(
        self, candidate: PointCandidate, truth: NDArray[np.bool_], void: NDArray[np.bool_] | None, err: bool
    ) -> str:
        x, y = candidate.x, candidate.y
        if (void is not None and void[y, x]) or _near_boundary(truth, x, y):
            return "AMBIGUOUS"
        return "ACCEPTED" if bool(truth[y, x]) != err else "REJECTED"

    def _task_key(self, candidate: PointCandidate) -> str:
        if self.looks_again:
            return f"{SIMULATED}:again:{candidate.candidate_id}"
        return f"{SIMULATED}:{candidate.video_id}:{candidate.object_id}:{candidate.frame_idx}"

    def _chances(self, candidate_id: str) -> tuple[float, float]:
        own, again = "" if self.name == SIMULATED else f"{self.name}:", ":again" if self.looks_again else ""
        digest = hashlib.blake2b(f"{self.seed}:{own}{candidate_id}{again}".encode(), digest_size=16).digest()
        return int.from_bytes(digest[:8], "big") / 2**64, int.from_bytes(digest[8:], "big") / 2**64


@dataclass(frozen=True, slots=True)
class Team:
    """Several annotators who share the questions: each object on a frame is answered by some of them.

    Attributes:
        members: by different names.
        overlap: how many of them answer each question.
    """

    members: tuple[SimulatedAnnotator, ...]
    overlap: int

    def __post_init__(self) -> None:
        if not 1 <= self.overlap <= len(self.members):
            raise ValueError(f"{self.overlap} of {len(self.members)} annotators cannot answer each question")

    @classmethod
    def of(cls, n: int, error_rate: float, seed: int, overlap: int | None = None) -> Team:
        """So many alike; all of them answer each question unless ``overlap`` says otherwise."""
        names = [SIMULATED] if n == 1 else [f"{SIMULATED}-{number}" for number in range(1, n + 1)]
        members = tuple(SimulatedAnnotator(error_rate, seed, name) for name in names)
        return cls(members, n if overlap is None else overlap)

    def answer(
        self, candidates: Iterable[PointCandidate], truth: NDArray[np.bool_], void: NDArray[np.bool_] | None
    ) -> Iterator[Verdict]:
        """The verdicts of those who are asked; see :meth:`SimulatedAnnotator.answer`."""
        asked = list(candidates)
        if not asked:
            return
        task = asked[0].video_id, asked[0].object_id, asked[0].frame_idx
        order = sorted(self.members, key=lambda one: uniform("overlap", one.seed, *task, one.name))
        for member in sorted(order[: self.overlap], key=lambda one: one.name):
            yield from member.answer(asked, truth, void)

    def again(self) -> Team:
        """The same people, looking again: whoever answered a candidate first is asked."""
        return replace(self, members=tuple(member.again() for member in self.members))


def _near_boundary(truth: NDArray[np.bool_], x: int, y: int) -> bool:
    """Whether a pixel of the other kind lies within BOUNDARY_PX; the frame's edge is not a boundary."""
    top, left = max(y - BOUNDARY_PX, 0), max(x - BOUNDARY_PX, 0)
    rows, columns = np.nonzero(truth[top : y + BOUNDARY_PX + 1, left : x + BOUNDARY_PX + 1] != truth[y, x])
    return bool(((rows + top - y) ** 2 + (columns + left - x) ** 2 <= BOUNDARY_PX**2).any())
