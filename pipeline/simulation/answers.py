"""Answers of simulated people to the candidates of a video; a second look follows the same rules as for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from pipeline.runs.frame_files import names_of
from schemas.points import PointCandidate
from schemas.reviews import ReviewTask, Verdict
from schemas.tables import DamagedTableError
from schemas.videos import Video
from stages.consensus.opinions import counted_verdicts, majority
from stages.consensus.run_verdicts import RunVerdicts
from stages.consensus.second_look import contradictions
from stages.evaluate.ground_truth import VideoTruth, find_truth
from stages.simulate.annotator import Annotator


def truth_of(ground_truth: Path, video: Video, candidates: Sequence[PointCandidate]) -> VideoTruth | None:
    """The ground truth of a video, or None when there is none."""
    object_ids = {candidate.object_id for candidate in candidates}
    return find_truth(ground_truth, video.video_id, object_ids, (video.height, video.width), names_of(video))


def true_answers(
    annotator: Annotator, truth: VideoTruth, video: Video, candidates: Sequence[PointCandidate]
) -> list[Verdict]:
    """Verdicts on the objects that the ground truth knows: an unknown one is not answered, rather than rejected.

    Raises:
        DamagedTableError: a candidate lies outside the frame.
    """
    if outside := [c for c in candidates if c.x >= video.width or c.y >= video.height]:
        raise DamagedTableError(
            f"table 'candidates' is damaged at video_id {video.video_id!r}, frame_idx {outside[0].frame_idx}: "
            f"({outside[0].x}, {outside[0].y}) lies outside the frame of {video.width}x{video.height} pixels"
        )
    asked: dict[int, dict[str, list[PointCandidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in candidates:
        asked[candidate.frame_idx][candidate.object_id].append(candidate)
    known: set[str] = set()
    answers: list[tuple[str, Verdict]] = []
    for frame in truth.only({*asked, min(truth.paths)}):
        known |= frame.object_ids()
        for object_id, group in asked[frame.frame_idx].items():
            answers += [(object_id, v) for v in annotator.answer(group, frame.mask(object_id), frame.void())]
    return [verdict for object_id, verdict in answers if object_id in known]


def second_looks(
    annotator: Annotator,
    truth: VideoTruth,
    video: Video,
    candidates: Sequence[PointCandidate],
    first: Iterable[Verdict],
    hidden: Collection[str] = (),
) -> list[Verdict]:
    """Second answers to what one annotator answered against the proposal.

    Args:
        annotator: who answered.
        truth: of the video.
        video: the video.
        candidates: all that were asked.
        first: the answers to them.
        hidden: gold candidates, which are not asked again.
    """
    is_fg = {c.candidate_id: c.is_fg_candidate for c in candidates if c.candidate_id not in hidden}
    asked = set(contradictions(counted_verdicts(first), is_fg))
    return true_answers(annotator.again(), truth, video, [c for c in candidates if c.candidate_id in asked])


def second_look_tasks(candidates: Iterable[PointCandidate], second: Iterable[Verdict]) -> list[ReviewTask]:
    """The tasks that second looks answer, one a candidate."""
    by_id = {candidate.candidate_id: candidate for candidate in candidates}
    return [
        ReviewTask(v.task_key, c.video_id, c.object_id, c.frame_idx, c.round, "second_look", (c.candidate_id,), 0.0)
        for v in second
        for c in (by_id[v.candidate_id],)
    ]


def final_statuses(first: Sequence[Verdict], second: Sequence[Verdict] = ()) -> dict[str, str]:
    """What `pointvos merge` makes of the answers, by candidate id."""
    verdicts = RunVerdicts([*first, *second], (), second_looks=frozenset(verdict.task_key for verdict in second))
    return {name: opinion.status for name, opinion in majority(verdicts.deciding()).items()}
