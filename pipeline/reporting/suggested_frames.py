"""Which frames of a video should be checked, and why, in plain words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.flags import Flag
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.videos import Video
from schemas.wording import many
from stages.refine.frame_ranking import RankedFrame, best_frames, error_rate, expected_errors, rank_frame

FRAMES_PER_OBJECT = 3
LEAST_ERROR = 0.25
"""A mask that is most likely better than this needs no look."""
_PROBABLY_WRONG = 0.5
_CALLED_WRONG = {"wrong_object", "absent"}
"""Flags that say so of the whole mask."""


@dataclass(slots=True)
class FrameAnswers:
    """What people said of one object on one frame.

    Attributes:
        points: (the present mask covers it, it is on the object) of every answer that decides.
        flags: what they said of the whole frame.
    """

    points: list[tuple[bool, bool]] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)

    @property
    def n_wrong(self) -> int:
        """Points that the present mask contradicts."""
        return sum(claim != truth for claim, truth in self.points)


@dataclass(frozen=True, slots=True)
class SuggestedFrame:
    """A frame of an object that should be checked.

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
            mask = masks.get(one.object_id, {}).get(one.frame_idx)
            here.points.append((_covers(one, mask, drawn), status == "ACCEPTED"))
    return {object_id: dict(frames) for object_id, frames in found.items()}


def suggested_frames(
    video: Video,
    object_id: str,
    masks: Mapping[int, Mask],
    annotated: Collection[int],
    answers: Answers,
    flags: Mapping[int, Flag],
) -> list[SuggestedFrame]:
    """The frames of one object that should be checked: those still wrong after correction, then the best ones.

    Args:
        video: the video.
        object_id: the object.
        masks: its present masks by frame.
        annotated: frames on which a person said something of it.
        answers: to its points.
        flags: frames that still contradict what people said when the video was refined.
    """
    qualities = [masks[idx].quality if idx in masks else -1.0 for idx in range(video.n_frames)]
    rates = {idx: error_rate(said.points) for idx, said in answers.items() if said.points}
    wrong = [idx for idx, said in answers.items() if said.flags & _CALLED_WRONG]
    errors = expected_errors(qualities, rates, wrong, video.lost)
    first = [rank_frame(qualities, errors, idx, annotated, video.cuts) for idx in sorted(flags)]
    found = best_frames(qualities, errors, {*annotated, *flags}, video.cuts, FRAMES_PER_OBJECT)
    found = [ranked for ranked in found if _needs_check(ranked, answers)]
    return [
        _suggested(object_id, ranked, answers.get(ranked.frame_idx), flags.get(ranked.frame_idx))
        for ranked in (*first, *found)
    ]


def _needs_check(ranked: RankedFrame, answers: Answers) -> bool:
    said = answers.get(ranked.frame_idx)
    return ranked.error >= LEAST_ERROR or (said is not None and said.n_wrong > 0)


def _suggested(object_id: str, ranked: RankedFrame, said: FrameAnswers | None, flag: Flag | None) -> SuggestedFrame:
    reason, why = _reason(ranked.quality, said)
    if flag is not None:
        wrong = f"{flag.n_wrong} of {flag.n_points} verified points still contradict the mask after correction"
        reason, why = "flagged", f"{wrong}: correct the mask, or the answers."
    reach = f"A correction here would reach {many(ranked.n_frames, 'frame')}."
    if ranked.n_frames == 1:
        reach = "No other frame depends on it."
    return SuggestedFrame(object_id, ranked.frame_idx, ranked.gain, reason, f"{why} {reach}")


def _reason(quality: float, said: FrameAnswers | None) -> tuple[str, str]:
    if said is not None and "wrong_object" in said.flags:
        return "other_object", "Flagged: the mask follows another object."
    if said is not None and "absent" in said.flags and quality >= 0:
        return "absent", "Flagged: the object is not in this frame, but it has a mask."
    if said is not None and said.n_wrong:
        return (
            "contradicted",
            f"People say that the mask is wrong at {said.n_wrong} of {len(said.points)} answered points.",
        )
    if quality < 0:
        return "missing", "The object has no mask here, but it has one shortly before and after."
    word = "is probably" if quality < _PROBABLY_WRONG else "may be"
    return "doubtful", f"The mask {word} wrong here (quality {quality:.2f} of 1)."


def _covers(one: PointCandidate, mask: Mask | None, drawn: dict[tuple[str, int], NDArray[np.bool_]]) -> bool:
    """Whether the present mask covers the point; a mask not newer than the point is not decoded for it."""
    if mask is None:
        return False
    if mask.round <= one.round:
        return one.is_fg_candidate
    key = (one.object_id, one.frame_idx)
    if key not in drawn:
        drawn[key] = mask.decode()
    return bool(drawn[key][one.y, one.x])
