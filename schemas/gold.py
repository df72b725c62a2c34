"""Gold: questions with a known answer, hidden among the others to see how well people look."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice, require_text

KNOWN_BY = ("ground_truth", "unanimous")


@dataclass(frozen=True, slots=True)
class Gold:
    """A candidate that is shown with a wrong proposal in place of another candidate.

    It has an id of its own that no table but this one and ``verdicts`` knows: its answers are never merged or exported.

    Attributes:
        candidate_id: of the gold candidate; looks like any other.
        of_candidate_id: the candidate whose pixel it shows.
        is_fg_candidate: what it claims, which is wrong.
        true_status: ACCEPTED or REJECTED, the right answer.
        known_by: ``ground_truth``, or ``unanimous`` earlier answers of several people.
    """

    candidate_id: str
    of_candidate_id: str
    is_fg_candidate: bool
    true_status: str
    known_by: str

    def __post_init__(self) -> None:
        require_text("candidate_id", self.candidate_id)
        require_text("of_candidate_id", self.of_candidate_id)
        require_choice("known_by", self.known_by, KNOWN_BY)
        require_choice("true status", self.true_status, ("ACCEPTED", "REJECTED"))
        if self.is_fg_candidate == (self.true_status == "ACCEPTED"):
            raise ValueError(f"gold {self.candidate_id!r} claims what is true; a planted claim must be wrong")
