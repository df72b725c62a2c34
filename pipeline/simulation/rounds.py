"""Simulated people in correction rounds: the run folder holds all of it, as if people had worked on it.

Round 1 is one click or one trace an object, on the first frame that shows it, and the annotation that ``pointvos
annotate`` makes of it. In every later round the simulated user corrects the frame with the worst masks among those not
corrected yet, and the code of ``pointvos refine`` propagates the corrections. An interrupted run continues where it
stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from pipeline.config import RunConfig
from pipeline.refining.candidates import redrawing_of
from pipeline.refining.correction_round import load_round_models
from pipeline.refining.hints import VideoHints
from pipeline.refining.videos import RoundTools, refine_video
from pipeline.runs.folder import RunFolder
from pipeline.runs.jobs import make_jobs
from pipeline.runs.rounds import VideoRounds, write_corrections
from pipeline.runs.units import videos_of
from schemas.corrections import Correction
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Hint, Localization
from schemas.masks import Mask
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.evaluate.davis import FrameScore
from stages.evaluate.evaluation import latest_masks, score_frame
from stages.evaluate.ground_truth import TruthFrame, VideoTruth
from stages.simulate.clicks import MOST_REGIONS, correcting_clicks
from stages.simulate.cost import LOCALIZATION_S, clicking_s, corrections_s
from stages.simulate.scribbles import scribble_hint
from stages.simulated_prompts import simulate_box, simulate_trace
from stages.video import selected_frames

GROUP = "objects"
"""Objects of a ground truth share no pixel."""
STARTS = ("click", "box", "trace", "scribble")
"""Hints of round 1: a click in the middle of an object, a box around it that is 10 % too large, a mouse trace along it
that slips off here and there, or a stroke along its skeleton."""


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """A simulated person.

    Attributes:
        strategy: how it clicks (:data:`stages.simulate.clicks.STRATEGIES`).
        most_clicks: of an object in a round, at most.
        seed: of clicks and traces that are drawn.
        start: its first hints, one of :data:`STARTS`.
    """

    strategy: str = "f3"
    most_clicks: int = MOST_REGIONS
    seed: int = 0
    start: str = "click"

    def first_hints(self, video_id: str, truth: VideoTruth) -> list[Localization]:
        """One hint on every object, on the first frame that shows enough of it to be clicked."""
        found: dict[str, Localization] = {}
        for frame in truth.frames():
            for number, object_id in enumerate(sorted(frame.object_ids() - found.keys())):
                empty = np.zeros(frame.labels.shape, dtype=bool)
                clicks = self._clicks(frame, object_id, empty, 1, (1, frame.frame_idx, number))
                if clicks:
                    hint = self._first_hint(clicks, frame.mask(object_id))
                    found[object_id] = Localization(video_id, object_id, frame.frame_idx, hint, group=GROUP)
        return list(found.values())

    def _first_hint(self, click: Clicks, mask: NDArray[np.bool_]) -> Hint:
        match self.start:
            case "box":
                return simulate_box(mask)
            case "trace":
                return simulate_trace(mask, self.seed)
            case "scribble":
                return scribble_hint(mask)
            case _:
                return click

    def correction(
        self, frame: TruthFrame, object_id: str, drawn: NDArray[np.bool_], video_id: str, number: int
    ) -> Correction:
        """What it says of one mask: that the object is absent, where it is wrong, or that it is right.

        Args:
            frame: the ground truth.
            object_id: of it.
            drawn: (H, W) bool, the mask; empty where there is none.
            video_id: of the frame.
            number: of the round that the correction belongs to, as the run counts: 1 follows the annotation.
        """
        at = (video_id, object_id, frame.frame_idx)
        if drawn.any() and not frame.mask(object_id).any():
            return Correction(*at, "absent", number)
        clicks = self._clicks(frame, object_id, drawn, self.most_clicks, (number + 1, frame.frame_idx, 0))
        if clicks is None or not (drawn.any() or any(clicks.labels)):
            return Correction(*at, "lock", number)
        x, y = zip(*clicks.xy_px, strict=True)
        return Correction(*at, "clicks", number, x, y, clicks.labels)

    def _clicks(
        self, frame: TruthFrame, object_id: str, drawn: NDArray[np.bool_], most: int, seed: Sequence[int]
    ) -> Clicks | None:
        return correcting_clicks(self.strategy, frame.mask(object_id), drawn, frame.void(), most, (self.seed, *seed))


@dataclass(frozen=True, slots=True)
class Interaction:
    """What a person did in one round of one video.

    Attributes:
        frames: that it was done on.
        n_given: clicks or answers, on all objects.
        seconds: of work.
        number: the last correction round, as the run counts, that came of it; 0 for the annotation.
    """

    frames: tuple[int, ...]
    n_given: int
    seconds: float
    number: int


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """What a person says of one pixel: x right, y down; whether it is on the object."""

    object_id: str
    frame_idx: int
    x: int
    y: int
    is_on: bool


_loaded = cache(load_round_models)
"""The models of correction rounds, once a process."""


@dataclass
class Session:
    """One video that a user works on.

    Attributes:
        run: where it is kept.
        config: of the run.
        file: the video.
        truth: its ground truth.
        user: the simulated person.
    """

    run: RunFolder
    config: RunConfig
    file: VideoFile
    truth: VideoTruth
    user: SimulatedUser
    _scores: dict[tuple[str, int, str], FrameScore] = field(default_factory=dict)

    @cached_property
    def job(self) -> VideoJob:
        """The annotation of round 1.

        Raises:
            ValueError: the ground truth shows no object.
        """
        hints = self.user.first_hints(self.file.video_id, self.truth)
        if not hints:
            raise ValueError("its ground truth shows no object that is large enough to be clicked")
        (job,) = make_jobs([self.file], {self.file.video_id: hints}, self.config.hash())
        return job

    def play(self, n_rounds: int) -> Iterator[int]:
        """Work until round ``n_rounds`` is done, or nothing is left to correct; yields the number of each round.

        Raises:
            ValueError: the video cannot be annotated, or nothing comes of a correction.
        """
        from pipeline.runners.local import annotate_video  # needs Beam

        job = self.job
        if self.run.committed().get(job.video_id) != job.unit:
            annotate_video(self.run, self.config, job)
        video = self.video()
        if video is None:
            raise ValueError("it could not be annotated; rejects/ in the run folder says why")
        yield 1
        rounds = VideoRounds.read(self.run, video)
        while rounds.number + 1 < n_rounds:
            if not rounds.pending:
                asked = self._next_corrections(job, rounds)
                if not asked:
                    return
                write_corrections(self.run, video, [*rounds.corrections, *asked])
            rounds = refine_video(self.run, video, VideoHints.of(job.localizations), self.tools())
            yield rounds.number + 1

    def interactions(self, rounds: VideoRounds) -> list[Interaction]:
        """What was done in each round that is finished, the first hints first."""
        found = [self.first_interaction()]
        for number in range(1, rounds.number + 1):
            said = [one for one in rounds.corrections if one.round == number]
            frames = tuple(sorted({one.frame_idx for one in said}))
            found.append(Interaction(frames, sum(len(one.x) for one in said), corrections_s(said), number))
        return found

    def labels(self, rounds: VideoRounds) -> Iterator[GivenLabel]:
        """Every pixel that the person labelled by clicks in a round that is finished and was not taken back."""
        for one in rounds.in_effect:
            for x, y, label in zip(one.x, one.y, one.label, strict=True):
                yield GivenLabel(one.object_id, one.frame_idx, int(x), int(y), bool(label))

    def first_interaction(self) -> Interaction:
        """The first hints."""
        hints = self.job.localizations
        frames = tuple(sorted({loc.frame_idx for loc in hints}))
        n_clicks = sum(len(loc.hint.labels) for loc in hints if isinstance(loc.hint, Clicks))
        others = sum(LOCALIZATION_S[loc.hint.kind] for loc in hints if not isinstance(loc.hint, Clicks))
        return Interaction(frames, n_clicks, clicking_s(n_clicks, len(frames)) + others, 0)

    def video(self) -> Video | None:
        """What the run knows of it; None before round 1 is done."""
        return next((one for one in videos_of(self.run) if one.video_id == self.file.video_id), None)

    def scores(self, masks: Sequence[Mask]) -> dict[int, list[FrameScore]]:
        """J and F of every object of the ground truth on every annotated frame on which it or its mask is visible."""
        at = {idx: {mask.object_id: mask for mask in found} for idx, found in latest_masks(masks).items()}
        known = {loc.object_id for loc in self.job.localizations}
        return {
            frame.frame_idx: [
                self._score(frame, object_id, at.get(frame.frame_idx, {}).get(object_id))
                for object_id in sorted(frame.object_ids() | (at.get(frame.frame_idx, {}).keys() & known))
            ]
            for frame in self.truth.frames()
        }

    def _score(self, frame: TruthFrame, object_id: str, mask: Mask | None) -> FrameScore:
        key = (object_id, frame.frame_idx, mask.rle if mask else "")
        if key not in self._scores:
            self._scores[key] = score_frame(frame, object_id, mask)
        return self._scores[key]

    def _next_corrections(self, job: VideoJob, rounds: VideoRounds) -> list[Correction]:
        """The user's next corrections; none when nothing is left that is worth one.

        Frames without any region that is large enough to click are passed over.
        """
        seen = {loc.frame_idx for loc in job.localizations} | {one.frame_idx for one in rounds.corrections}
        scores = self.scores(rounds.masks)
        while (worst := worst_frame(scores, seen)) is not None:
            found = self._corrections_on(rounds, worst)
            if any(one.kind != "lock" for one in found):
                return found
            seen.add(worst)
        return []

    def _corrections_on(self, rounds: VideoRounds, frame_idx: int) -> list[Correction]:
        """What the user says of every object on one frame."""
        (frame,) = self.truth.only({frame_idx})
        masks = {mask.object_id: mask.decode() for mask in rounds.masks if mask.frame_idx == frame_idx}
        empty = np.zeros(frame.labels.shape, dtype=bool)
        return [
            self.user.correction(frame, object_id, masks.get(object_id, empty), self.file.video_id, rounds.number + 1)
            for object_id in sorted({loc.object_id for loc in self.job.localizations})
        ]

    def tools(self) -> RoundTools:
        """What its rounds work with."""
        models, compute = self.config.models, self.config.compute
        loaded = _loaded(models, compute.device, compute.n_threads)
        return RoundTools(loaded, partial(selected_frames, self.file), redrawing_of(self.run, self.config))


def worst_frame(scores: Mapping[int, Sequence[FrameScore]], seen: set[int]) -> int | None:
    """The frame of the least mean J&F over objects among those not seen yet, the first of several; None without any.

    >>> ok, poor = FrameScore("1", 0, 1.0, 1.0), FrameScore("1", 0, 0.5, 0.5)
    >>> worst_frame({0: [poor], 1: [ok, poor], 2: [ok], 3: []}, {0})
    1
    """
    left = {idx: fmean((s.j + s.f) / 2 for s in own) for idx, own in scores.items() if own and idx not in seen}
    return min(left, key=lambda idx: (left[idx], idx), default=None)
