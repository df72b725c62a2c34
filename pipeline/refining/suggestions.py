"""What to look at next in a run, and how: where it would lower the expected error of masks most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.refining.verified import Verified
from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds
from pipeline.runs.units import localized_frames, unit_records, unit_rows
from schemas import tables
from schemas.elements import ObjectFrame
from schemas.flags import Flag
from schemas.masks import Mask
from schemas.videos import Video
from schemas.wording import many
from stages.refine.constraints import disagreements
from stages.refine.frame_ranking import RankedFrame, best_frames, error_rate, expected_errors, rank_frame

CLICK, ABSENT, POINTS = "click", "absent", "points"
"""Correct the mask by clicks; say whether the object is there at all; verify points."""
FRAMES_PER_OBJECT = 3
_CLICK_FROM = 0.3
"""Masks that are wrong so far are corrected rather than verified."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One object on one frame.

    Attributes:
        video_id: the video.
        object_id: stable within the video.
        frame_idx: 0-based decode index.
        how: ``click``, ``absent`` or ``points``.
        gain: expected mask error that it would lower, in frames of the object.
        n_frames: that a correction would reach.
        reason: a sentence.
        is_flagged: whether verified points still contradict the mask after a correction round.
    """

    video_id: str
    object_id: str
    frame_idx: int
    how: str
    gain: float
    n_frames: int
    reason: str
    is_flagged: bool


def suggestions(run: RunFolder, video: Video) -> Iterator[Suggestion]:
    """The looks that are worth most in one video, up to three an object, flagged frames first."""
    masks = {(mask.object_id, mask.frame_idx): mask for mask in unit_records(run, tables.MASKS, video)}
    rates, flags = contradiction_rates(masks, Verified.read(run, video)), unit_records(run, tables.FLAGS, video)
    rounds, localized = VideoRounds.read(run, video), localized_frames(run, video)
    columns = unit_rows(run, tables.CANDIDATES, video, ["object_id", "frame_idx"]).to_pydict()
    asked = set(zip(columns["object_id"], columns["frame_idx"], strict=True))
    for object_id in sorted({object_id for object_id, _ in masks} | {flag.object_id for flag in flags}):
        qualities = [masks[object_id, i].quality if (object_id, i) in masks else -1.0 for i in range(video.n_frames)]
        annotated = rounds.annotated(object_id, localized.get(object_id, ()))
        errors = expected_errors(qualities, rates.get(object_id), lost=video.lost)
        own = {flag.frame_idx: flag for flag in flags if flag.object_id == object_id}
        for idx, flag in own.items():
            yield _flagged(flag, rank_frame(qualities, errors, idx, annotated, video.cuts))
        for ranked in best_frames(qualities, errors, annotated | set(own), video.cuts, FRAMES_PER_OBJECT):
            yield _suggested(video.video_id, object_id, ranked, (object_id, ranked.frame_idx) in asked)


def contradiction_rates(masks: Mapping[ObjectFrame, Mask], verified: Verified) -> dict[str, dict[int, float]]:
    """Object id → frame → 0.5 (FP + FN) of the present mask, where points were verified."""
    rates: dict[str, dict[int, float]] = defaultdict(dict)
    for (object_id, idx), points in verified.points.items():
        mask = masks.get((object_id, idx))
        wrong = set(disagreements(points, mask.decode() if mask else None))
        claims = [((point in wrong) != bool(point[2]), bool(point[2])) for point in points]
        rates[object_id][idx] = error_rate(claims)
    return rates


def _flagged(flag: Flag, ranked: RankedFrame) -> Suggestion:
    n_wrong = f"{flag.n_wrong} of {flag.n_points} verified points"
    why = f"{n_wrong} still contradict the mask: correct the mask, or the answers"
    return _of(flag.video_id, flag.object_id, ranked, CLICK, why, is_flagged=True)


def _suggested(video_id: str, object_id: str, ranked: RankedFrame, is_asked: bool) -> Suggestion:
    if ranked.quality < 0:
        how, why = ABSENT, "the object has no mask here: mark it absent, or click on it"
    elif ranked.error >= _CLICK_FROM:
        how, why = CLICK, f"the mask is doubtful (expected error {ranked.error:.2f})"
    else:
        how = POINTS
        where = "its points are in the queue" if is_asked else "check it, or lock it"
        why = f"the mask is probably right (expected error {ranked.error:.2f}); {where}"
    return _of(video_id, object_id, ranked, how, why, is_flagged=False)


def _of(video_id: str, object_id: str, ranked: RankedFrame, how: str, why: str, is_flagged: bool) -> Suggestion:
    reach = f"a correction would reach {many(ranked.n_frames, 'frame')}"
    gain = round(ranked.gain, 3)
    return Suggestion(video_id, object_id, ranked.frame_idx, how, gain, ranked.n_frames, f"{why}; {reach}", is_flagged)
