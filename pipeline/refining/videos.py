"""The pending rounds of one video, one after the other, and its candidates after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.refining.candidates import Redrawing, redraw_candidates
from pipeline.refining.correction_round import Frames, Round, RoundModels
from pipeline.refining.feedback import with_feedback
from pipeline.refining.hints import VideoHints
from pipeline.refining.state import VideoState, state_of
from pipeline.refining.verified import Verified
from pipeline.runs.folder import RunFolder
from pipeline.runs.rounds import VideoRounds, commit_round, write_corrections
from schemas.elements import ObjectFrame
from schemas.localizations import Clicks
from schemas.videos import Video


@dataclass(frozen=True, slots=True)
class RoundTools:
    """What a round needs beside the tables.

    Attributes:
        models: the run's.
        frames: the video's.
        redrawing: how its candidates are redrawn.
    """

    models: RoundModels
    frames: Frames
    redrawing: Redrawing


def refine_video(run: RunFolder, video: Video, hints: VideoHints, tools: RoundTools) -> VideoRounds:
    """Do the pending corrections of a video, round by round; without any, nothing is done.

    It may be cut off anywhere and be repeated: the result is the same. After each round, candidates are redrawn
    where masks changed.

    Args:
        run: the run.
        video: one of its videos, annotated.
        hints: its hints, those of objects that are added too.
        tools: what works.

    Raises:
        ValueError: nothing comes of a correction.
        DecodeError: the video cannot be decoded.
    """
    rounds = VideoRounds.read(run, video)
    redraw_candidates(run, video, rounds, hints.groups, tools.frames, tools.redrawing, tools.models)
    run.work.mkdir(parents=True, exist_ok=True)
    while rounds.pending:
        state = state_of(video, rounds, hints.groups, Verified.read(run, video))
        work = Round(state, rounds, hints, tools.models, tools.frames, run.work)
        work.work()
        rounds = commit_round(run, video, rounds, work.changes)
        redraw_candidates(run, video, rounds, hints.groups, tools.frames, tools.redrawing, tools.models)
    return rounds


def refine_with_feedback(
    run: RunFolder, video: Video, hints: VideoHints, clicks: Mapping[ObjectFrame, Clicks], tools: RoundTools
) -> VideoState:
    """Do rounds until nothing is new: corrections that wait, clicks, and masks that verified points contradict.

    Corrections are written before the work on them, so this too may be cut off anywhere and be repeated.

    Args:
        run: the run.
        video: one of its videos, annotated.
        hints: its hints, those of objects that are added too.
        clicks: from files, by object and frame.
        tools: what works.

    Raises:
        ValueError: nothing comes of a correction.
        DecodeError: the video cannot be decoded.
    """
    verified, rounds = Verified.read(run, video), VideoRounds.read(run, video)
    while True:
        state = state_of(video, rounds, hints.groups, verified)
        corrections = with_feedback(rounds, state, clicks)
        if corrections != rounds.corrections:
            write_corrections(run, video, corrections)
        done, rounds = rounds.number, refine_video(run, video, hints, tools)
        if rounds.number == done:
            return state
