"""Point candidates, which a model proposes, and point labels, which people confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice, require_index, require_text, require_unit
from schemas.splits import SPLITS

STATUSES = ("ACCEPTED", "REJECTED", "AMBIGUOUS")
DECIDERS = ("annotators", "adjudication", "simulated")
STRATA = ("interior", "ring", "elsewhere", "other_object", "uncertain")


@dataclass(frozen=True, slots=True)
class PointCandidate:
    """A pixel that a person is asked about.

    Attributes:
        candidate_id: unique in the run.
        video_id: the video.
        object_id: the object that is asked about.
        frame_idx: 0-based decode index.
        x: pixel index, right.
        y: pixel index, down.
        is_fg_candidate: the pseudo-mask says that it lies on the object.
        stratum: where it was drawn: one of STRATA.
        probability: chance with which this pixel was drawn from its stratum.
        mask_distance_px: distance to the mask's edge, positive inside, negative outside.
        quality: the mask's quality on this frame.
        round: 0, then the correction round.
        seed: the seed that drew it.
    """

    candidate_id: str
    video_id: str
    object_id: str
    frame_idx: int
    x: int
    y: int
    is_fg_candidate: bool
    stratum: str
    probability: float
    mask_distance_px: float
    quality: float
    round: int
    seed: int

    def __post_init__(self) -> None:
        require_text("candidate_id", self.candidate_id)
        for name in ("frame_idx", "x", "y", "round"):
            require_index(name, getattr(self, name))
        require_choice("stratum", self.stratum, STRATA)
        require_unit("probability", self.probability)


@dataclass(frozen=True, slots=True)
class PointLabel:
    """One verified point of the training dataset.

    Attributes:
        video_id: the video.
        object_id: the object.
        object_name: class or short name.
        expression: the words that refer to the object.
        frame_idx: 0-based decode index.
        time_s: presentation time.
        x: pixel index, right.
        y: pixel index, down.
        label: 1 foreground, 0 background; None when AMBIGUOUS (dropped from training).
        status: ACCEPTED (it is on the object), REJECTED (it is not) or AMBIGUOUS.
        is_fg_candidate: what the pseudo-mask said.
        split: of its video: one of SPLITS.
        segmenter: registry key.
        propagator: registry key.
        round: correction round that proposed it.
        n_verdicts: verdicts behind the status.
        decided_by: whose they are: one of DECIDERS. What people differed on may have been settled by ``adjudication``.
        candidate_id: the candidate.
    """

    video_id: str
    object_id: str
    object_name: str
    expression: str
    frame_idx: int
    time_s: float
    x: int
    y: int
    label: int | None
    status: str
    is_fg_candidate: bool
    split: str
    segmenter: str
    propagator: str
    round: int
    n_verdicts: int
    candidate_id: str
    decided_by: str = "annotators"

    def __post_init__(self) -> None:
        require_choice("status", self.status, STATUSES)
        require_choice("decider", self.decided_by, DECIDERS)
        require_choice("split", self.split, SPLITS)
        wanted = {"ACCEPTED": 1, "REJECTED": 0, "AMBIGUOUS": None}[self.status]
        if self.label != wanted:
            raise ValueError(f"label {self.label} does not go with status {self.status}")
