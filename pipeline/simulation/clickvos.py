"""The ClickVOS protocol: one click an object on the first frame, which is predicted too.

Source: Guo et al., "ClickVOS: Click Video Object Segmentation" (arXiv 2403.06130).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pipeline.config import RunConfig
from pipeline.runs.folder import RunFolder
from pipeline.runs.jobs import make_jobs
from pipeline.runs.units import unit_records, videos_of
from pipeline.simulation.corpus import TrueVideo
from schemas import tables
from schemas.localizations import Localization
from stages.evaluate.davis import ObjectScore
from stages.evaluate.evaluation import VideoEvaluation, evaluate_video
from stages.evaluate.ground_truth import VideoTruth
from stages.simulated_prompts import simulate_click

SEEDS = 5
"""Draws of a random click."""
_GROUP = "objects"


@dataclass(frozen=True, slots=True)
class ClickedVideo:
    """One video from one set of first clicks.

    Attributes:
        video_id: the video.
        objects: J and F over all frames.
        j_by_frame: mean J over objects by frame index.
        n_points_right: of the candidates with a known truth, those that say what is true.
        n_points: candidates with a known truth.
    """

    video_id: str
    objects: tuple[ObjectScore, ...]
    j_by_frame: Mapping[int, float]
    n_points_right: int
    n_points: int


def first_clicks(video_id: str, truth: VideoTruth, mode: str, seed: int = 0) -> list[Localization]:
    """One click on every object of the first annotated frame.

    Args:
        video_id: the video.
        truth: of it.
        mode: ``center``, the pixel farthest from the edge, or ``random``, any that lies 3 pixels deep.
        seed: of random clicks.
    """
    (frame,) = truth.only({min(truth.paths)})
    return [
        Localization(
            video_id, object_id, frame.frame_idx, simulate_click(frame.mask(object_id), mode, seed), group=_GROUP
        )
        for object_id in sorted(frame.object_ids())
    ]


def clicked(run: RunFolder, config: RunConfig, one: TrueVideo, hints: Sequence[Localization]) -> ClickedVideo:
    """Annotate a video from its first clicks, unless the run has it, and measure it over all frames.

    Raises:
        ValueError: it has no click, or could not be annotated.
    """
    from pipeline.runners.local import annotate_video  # needs Beam

    if not hints:
        raise ValueError("its first frame shows no object")
    (job,) = make_jobs([one.file], {one.file.video_id: list(hints)}, config.hash())
    if run.committed().get(job.video_id) != job.unit:
        annotate_video(run, config, job)
    video = next((found for found in videos_of(run) if found.video_id == job.video_id), None)
    if video is None:
        raise ValueError("it could not be annotated; rejects/ in the run folder says why")
    masks, candidates = unit_records(run, tables.MASKS, video), unit_records(run, tables.CANDIDATES, video)
    return _measured(evaluate_video(one.truth, masks, candidates, protocol="all-frames"))


def _measured(found: VideoEvaluation) -> ClickedVideo:
    by_frame: dict[int, list[float]] = {}
    for score in found.frames:
        by_frame.setdefault(score.frame_idx, []).append(score.j)
    known = [claim for claim in found.candidates if claim.truth is not None]
    return ClickedVideo(
        found.video_id,
        found.objects,
        {idx: fmean(values) for idx, values in sorted(by_frame.items())},
        sum(claim.claimed == claim.truth for claim in known),
        len(known),
    )


def j_by_frame(videos: Sequence[ClickedVideo]) -> dict[int, float]:
    """Mean J by frame index over the videos that are that long."""
    every = sorted({idx for one in videos for idx in one.j_by_frame})
    return {idx: fmean(one.j_by_frame[idx] for one in videos if idx in one.j_by_frame) for idx in every}
