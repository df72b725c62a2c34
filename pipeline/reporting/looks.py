"""Which frames of a video deserve a look, and why, in words that anybody understands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.videos import Video
from stages.refine.looks import Look, best_looks, expected_errors

LOOKS_AN_OBJECT = 3
LEAST_ERROR = 0.25
"""A mask that is most likely better than this needs no look."""
_PROBABLY_WRONG = 0.5
_PRIOR_POINTS = 2
"""Answers that the quality of a mask counts as."""
_FLAGGED = 0.9
"""Expected error of a mask of which somebody said that it is another object's, or of none that is there."""


@dataclass(slots=True)
class FrameAnswers:
    """What people said of one object on one frame.

    Attributes:
        n_points: answers that decide.
        n_wrong: of these, those that the present mask contradicts.
        flags: what they said of the whole frame.
    """

    n_points: int = 0
    n_wrong: int = 0
    flags: set[str] = field(default_factory=set)

    def error(self, expected: float) -> float:
        """How wrong the mask is, in [0, 1]: few answers move what was ``expected`` a little, many a lot."""
        if self.flags & {"wrong_object", "absent"}:
            return _FLAGGED
        return (self.n_wrong + _PRIOR_POINTS * expected) / (self.n_points + _PRIOR_POINTS)


@dataclass(frozen=True, slots=True)
class FoundLook:
    """A frame of an object that deserves a look.

    Attributes:
        object_id: the object.
        frame_idx: 0-based decode index.
        gain: expected mask error that a correction there would lower, in frames.
        reason: a key of :data:`stages.report.sections.REASONS`.
        why: sentences.
    """

    object_id: str
    frame_idx: int
    gain: float
    reason: str
    why: str


Answers = Mapping[int, FrameAnswers]
"""By frame, of one object."""


def answers_by_object(
    candidates: Sequence[PointCandidate],
    statuses: Mapping[str, str],
    flags: Mapping[str, Collection[str]],
    masks: Mapping[str, Mapping[int, Mask]],
) -> dict[str, dict[int, FrameAnswers]]:
    """What people said of a video, by object and frame.

    Args:
        candidates: of the video.
        statuses: candidate id → what its verdicts come to.
        flags: candidate id → flags of its task.
        masks: object id → frame → the present mask.
    """
    found: dict[str, dict[int, FrameAnswers]] = defaultdict(lambda: defaultdict(FrameAnswers))
    drawn: dict[tuple[str, int], NDArray[np.bool_]] = {}
    for one in candidates:
        status = statuses.get(one.candidate_id, "")
        if not status:
            continue
        here = found[one.object_id][one.frame_idx]
        here.flags |= set(flags.get(one.candidate_id, ()))
        if status != "AMBIGUOUS":
            here.n_points += 1
            mask = masks.get(one.object_id, {}).get(one.frame_idx)
            here.n_wrong += _claims(one, mask, drawn) != (status == "ACCEPTED")
    return {object_id: dict(frames) for object_id, frames in found.items()}


def looks_of(
    video: Video, object_id: str, masks: Mapping[int, Mask], annotated: Collection[int], answers: Answers
) -> list[FoundLook]:
    """The frames of one object that deserve a look, the best first.

    Args:
        video: the video.
        object_id: the object.
        masks: its present masks by frame.
        annotated: frames on which a person said something of it.
        answers: to its points.
    """
    qualities = np.full(video.n_frames, -1.0)
    for idx, mask in masks.items():
        qualities[idx] = mask.quality
    errors = expected_errors(qualities.tolist())
    for idx, said in answers.items():
        if idx < video.n_frames:
            errors[idx] = said.error(float(errors[idx]))
    errors[list(video.lost)] = 0.0
    found = best_looks(qualities.tolist(), errors, annotated, video.cuts, LOOKS_AN_OBJECT)
    return [_told(object_id, look, answers.get(look.frame_idx)) for look in found if _deserves(look, errors, answers)]


def _deserves(look: Look, errors: NDArray[np.float64], answers: Answers) -> bool:
    said = answers.get(look.frame_idx)
    return bool(errors[look.frame_idx] >= LEAST_ERROR or (said is not None and said.n_wrong > 0))


def _told(object_id: str, look: Look, said: FrameAnswers | None) -> FoundLook:
    reason, why = _reason(look.quality, said)
    reach = f"A correction here would reach {look.n_frames:,} frames."
    if look.n_frames == 1:
        reach = "No other frame depends on it."
    return FoundLook(object_id, look.frame_idx, look.gain, reason, f"{why} {reach}")


def _reason(quality: float, said: FrameAnswers | None) -> tuple[str, str]:
    if said is not None and "wrong_object" in said.flags:
        return "other_object", "Somebody said that the mask follows another object."
    if said is not None and "absent" in said.flags and quality >= 0:
        return "absent", "Somebody said that the object is not in this frame, but it has a mask."
    if said is not None and said.n_wrong:
        return (
            "contradicted",
            f"People say that the mask is wrong at {said.n_wrong} of {said.n_points} answered points.",
        )
    if quality < 0:
        return "missing", "The object has no mask here, but it has one shortly before and after."
    word = "is probably" if quality < _PROBABLY_WRONG else "may be"
    return "doubtful", f"The mask {word} wrong here (quality {quality:.2f} of 1)."


def _claims(one: PointCandidate, mask: Mask | None, drawn: dict[tuple[str, int], NDArray[np.bool_]]) -> bool:
    """Whether the present mask covers the point; a mask that is no newer than the point is not decoded for it."""
    if mask is None:
        return False
    if mask.round <= one.round:
        return one.is_fg_candidate
    key = (one.object_id, one.frame_idx)
    if key not in drawn:
        drawn[key] = mask.decode()
    return bool(drawn[key][one.y, one.x])
