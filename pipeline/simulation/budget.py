"""What human work buys, tried on videos with ground truth: rounds of clicks, then points on frames, in every mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from pipeline.runs.rounds import VideoRounds
from pipeline.simulation.answers import final_statuses, second_looks, true_answers
from pipeline.simulation.outcomes import VideoOutcome, outcome_of
from pipeline.simulation.rounds import GROUP, Session
from stages.sample_points.options import SamplingOptions
from stages.sample_points.sampling import sample_video
from stages.simulate.annotator import SimulatedAnnotator
from stages.simulate.cost import FRAME_SWITCH_S, VERIFY_S
from stages.simulate.mixes import Mix
from stages.video import selected_frames

FRAMES, POINTS = (3, 5, 10), (5, 10, 20)
"""Frames an object, and candidates a frame, that are tried."""
ROUNDS = (1, 2, 4, 8)
"""After so many rounds."""


def try_mixes(sessions: Sequence[Session], error_rate: float = 0.02, seed: int = 0) -> list[Mix]:
    """Every mix of rounds that were played, frames and points; every object counts the same.

    Candidates are drawn from the masks after each round and answered by a simulated annotator who looks twice.

    Args:
        sessions: played to the same number of rounds.
        error_rate: of the annotator.
        seed: of its errors.
    """
    outcomes = [outcome_of(session) for session in sessions]
    n_rounds = max(len(one.rounds) for one in outcomes)
    annotator = SimulatedAnnotator(error_rate, seed)
    answers = {
        (number, frames, points): [
            _answered(session, number, SamplingOptions(frames=frames, points=points), annotator) for session in sessions
        ]
        for number, frames, points in product((one for one in ROUNDS if one <= n_rounds), FRAMES, POINTS)
    }
    return [_mix(outcomes, key, found) for key, found in answers.items()]


@dataclass(frozen=True, slots=True)
class _Answers:
    """To the candidates of one video, second looks among them.

    Attributes:
        object_frames: that somebody went to.
        asked: questions.
        told: candidates that could be told, on the object or off it.
        right: of these, with the true label.
    """

    object_frames: int
    asked: int
    told: int
    right: int


def _answered(session: Session, number: int, options: SamplingOptions, annotator: SimulatedAnnotator) -> _Answers:
    video = session.video()
    if video is None:
        return _Answers(0, 0, 0, 0)
    rounds, hints = VideoRounds.read(session.run, video), session.job.localizations
    masks = rounds.at(min(number - 1, rounds.number))
    references = {loc.object_id: loc.frame_idx for loc in hints}
    look = partial(selected_frames, session.file)
    groups = dict.fromkeys(references, GROUP)
    candidates = sample_video(video.video_id, masks, lambda wanted: look(sorted(wanted)), references, groups, options)
    first = true_answers(annotator, session.truth, video, candidates)
    second = second_looks(annotator, session.truth, video, candidates, first)
    said = final_statuses(first, second)
    truth = final_statuses(true_answers(replace(annotator, error_rate=0.0), session.truth, video, candidates))
    told = [name for name, status in said.items() if status != "AMBIGUOUS"]
    at = {c.candidate_id: (c.object_id, c.frame_idx) for c in candidates}
    return _Answers(
        sum(len({at[v.candidate_id] for v in answers}) for answers in (first, second)),
        len(first) + len(second),
        len(told),
        sum(said[name] == truth[name] for name in told),
    )


def _mix(outcomes: Sequence[VideoOutcome], key: tuple[int, int, int], found: Sequence[_Answers]) -> Mix:
    number, frames, points = key
    n_objects = sum(one.n_objects for one in outcomes)
    clicking = sum(sum(played.seconds for played in one.rounds[:number]) for one in outcomes)
    verifying = sum(FRAME_SWITCH_S * one.object_frames + VERIFY_S * one.asked for one in found)
    reached = sum(one.n_objects * one.rounds[min(number, len(one.rounds)) - 1].j_and_f for one in outcomes)
    told = sum(one.told for one in found)
    return Mix(
        number,
        frames,
        points,
        round((clicking + verifying) / n_objects, 2),
        round(reached / n_objects, 4),
        round(told / n_objects, 2),
        round(sum(one.right for one in found) / max(1, told), 4),
    )
