"""Candidates after a correction round: redrawn where masks changed; what people answered stays.

The metadata of a video's candidates name the round whose masks they were drawn from, so that a round which was cut off
before its candidates were written is made good by whoever comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.config import RunConfig
from pipeline.refining.answers import AnswersInRun
from pipeline.refining.correction_round import Frames, RoundModels
from pipeline.refining.point_classifiers import PointClassifiers
from pipeline.refining.state import Drawing, VideoState, state_of
from pipeline.refining.verified import Verified
from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import with_pictures
from pipeline.runs.rounds import VideoRounds, round_marks, round_of
from pipeline.runs.units import unit_file, unit_records
from schemas import tables
from schemas.elements import ObjectFrame
from schemas.frames import Frame
from schemas.masks import Mask
from schemas.points import PointCandidate
from schemas.videos import Video
from stages.refine.doubts import doubtful_places
from stages.sample_points.options import SamplingOptions
from stages.sample_points.redrawing import MaskChange, redrawn
from stages.sample_points.sampling import Doubts

Answered = Callable[[Collection[str]], frozenset[str]]
"""Ids of candidates → those of them that somebody answered."""


@dataclass(frozen=True, slots=True)
class Redrawing:
    """How candidates are redrawn.

    Attributes:
        options: of the sampling.
        jpeg_quality: of the frames that people look at.
        answered: which candidates have answers.
    """

    options: SamplingOptions
    jpeg_quality: int
    answered: Answered


def redraw_candidates(
    run: RunFolder,
    video: Video,
    rounds: VideoRounds,
    groups: Mapping[str, str],
    frames: Frames,
    redrawing: Redrawing,
    models: RoundModels | None = None,
) -> None:
    """Bring the candidates of a video up to the last finished round; nothing is done when they are.

    Args:
        run: the run.
        video: one of its videos.
        rounds: as read.
        groups: object id → group.
        frames: the video's.
        redrawing: how.
        models: the run's, to find places where masks may be wrong; without them they are not looked for.

    Raises:
        DecodeError: the video cannot be decoded.
        ValueError: its frames have another size now.
    """
    file = unit_file(run, tables.CANDIDATES, video)
    drawn_from = round_of(file)
    if drawn_from == rounds.number:
        return

    def frames_at(indices: Collection[int]) -> Iterator[Frame]:
        return with_pictures(run, video, frames(sorted(indices)), redrawing.jpeg_quality)

    before = unit_records(run, tables.CANDIDATES, video)
    change = _change(rounds, drawn_from, before, redrawing.answered)
    state = state_of(video, rounds, groups, Verified.read(run, video))
    doubts = _doubts(state, frames, models) if models is not None else None
    now = redrawn(before, change, frames_at, groups, redrawing.options, doubts)
    tables.CANDIDATES.write(file, now, {**run.metadata(), **round_marks(rounds.number)})


def _doubts(state: VideoState, frames: Frames, models: RoundModels) -> Doubts:
    """Finds where the segmenter, or what verified points look like, disagrees with a mask."""
    objects = {object_id for object_id, _ in state.verified.points}
    classifiers = PointClassifiers.learned(state, objects, frames, models.describer)

    def places(object_id: str, image: NDArray[np.uint8], mask: Drawing, number: int) -> list[tuple[int, int]]:
        likelihood = classifiers.likelihood(object_id, image)
        return doubtful_places(models.segmenter, image, mask, number, likelihood)

    return places


def redrawing_of(run: RunFolder, config: RunConfig) -> Redrawing:
    """How a run's own settings say."""
    return Redrawing(config.sampling, config.jpeg_quality, AnswersInRun(run))


def _change(
    rounds: VideoRounds, drawn_from: int, candidates: Collection[PointCandidate], answered: Answered
) -> MaskChange:
    then, now = _by_frame(rounds.at(drawn_from)), _by_frame(rounds.masks)
    changed = {key for key in then.keys() | now.keys() if _rle(then.get(key)) != _rle(now.get(key))}
    ids = answered([candidate.candidate_id for candidate in candidates])
    return MaskChange(rounds.masks, frozenset(changed), ids, rounds.number)


def _by_frame(masks: Collection[Mask]) -> dict[ObjectFrame, Mask]:
    return {(mask.object_id, mask.frame_idx): mask for mask in masks}


def _rle(mask: Mask | None) -> str:
    return mask.rle if mask is not None else ""
