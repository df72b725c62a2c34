"""One video of ``pointvos refine``: its input, its rounds, and their results."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.refining.candidates import Redrawing
from pipeline.refining.correction_round import RoundModels
from pipeline.refining.feedback import clicks_by_frame, contradicted
from pipeline.refining.flags import write_flags
from pipeline.refining.frames import SeekableFrames
from pipeline.refining.hints import VideoHints
from pipeline.refining.state import state_of
from pipeline.refining.verified import Verified
from pipeline.refining.videos import RoundTools, refine_with_feedback
from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import source_of
from pipeline.runs.rounds import VideoRounds, move_unit
from pipeline.runs.units import video_of
from schemas.jobs import VideoJob
from schemas.localizations import Localization
from schemas.ranges import VideoKey
from schemas.rejects import Reject
from stages.video import DecodeError, Opener


@dataclass(frozen=True, slots=True)
class RefineTask:
    """One video, and what is said of it outside of the run's tables.

    Attributes:
        key: the video.
        clicks: from files, in pixels.
        job: the video with its hints as they are now, where objects wait to be added; else None.
    """

    key: VideoKey
    clicks: tuple[Localization, ...] = ()
    job: VideoJob | None = None

    @property
    def video_id(self) -> str:
        """The video's id."""
        return self.key.video_id

    @property
    def unit(self) -> str:
        """Of the video."""
        return self.key.unit


@dataclass(frozen=True, slots=True)
class RefinedVideo:
    """The outcome of a video.

    Attributes:
        video_id: the video.
        n_rounds: rounds that were done.
        n_corrections: corrections in them.
        n_masks: masks that they replaced, drew or took away.
        n_flagged: frames of objects whose masks still contradict verified points.
        n_points: verified points.
        rejects: clicks that could not be used.
        problem: why the work on it stopped early; its finished rounds stand. Else empty.
    """

    video_id: str
    n_rounds: int = 0
    n_corrections: int = 0
    n_masks: int = 0
    n_flagged: int = 0
    n_points: int = 0
    rejects: tuple[Reject, ...] = ()
    problem: str = ""


def refine_task(
    run: RunFolder, task: RefineTask, models: RoundModels, redrawing: Redrawing, opener: Opener
) -> RefinedVideo:
    """Refine one video until nothing is new; the same again when it is repeated or was cut off anywhere."""
    video = video_of(run, task.key)
    before = VideoRounds.read(run, video)
    hints = VideoHints.read(run, video) if task.job is None else VideoHints.of(task.job.localizations)
    verified = Verified.read(run, video)
    state = state_of(video, before, hints.groups, verified)
    clicks, rejects = clicks_by_frame(task.clicks, state, hints.groups)
    tools = RoundTools(models, SeekableFrames(source_of(video), opener), redrawing)
    n_points = sum(map(len, verified.points.values()))
    problem = ""
    try:
        state = refine_with_feedback(run, video, hints, clicks, tools)
    except (DecodeError, LookupError, ValueError) as stopped:
        problem = str(stopped) or type(stopped).__name__
        n_flagged = len(contradicted(state_of(video, VideoRounds.read(run, video), hints.groups, verified)))
    else:
        n_flagged = len(write_flags(run, state))
    after = VideoRounds.read(run, video)
    if task.job is not None and not problem:
        move_unit(run, video, task.job.unit, task.job.localizations)
    return RefinedVideo(
        video.video_id,
        after.number - before.number,
        sum(before.number < one.round <= after.number for one in after.corrections),
        _n_changed(before, after),
        n_flagged,
        n_points,
        tuple(rejects),
        problem,
    )


def has_feedback(run: RunFolder, task: RefineTask) -> bool:
    """Whether a look at the video can find anything to do: corrections that wait, clicks, or verified points."""
    video = video_of(run, task.key)
    rounds = VideoRounds.read(run, video)
    return bool(rounds.pending or task.clicks or Verified.read(run, video).points)


def _n_changed(before: VideoRounds, after: VideoRounds) -> int:
    old = {(m.object_id, m.frame_idx): m.rle for m in before.masks}
    new = {(m.object_id, m.frame_idx): m.rle for m in after.masks}
    return sum(old.get(key) != new.get(key) for key in old.keys() | new.keys())
