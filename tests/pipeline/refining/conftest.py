"""A small annotated run whose masks are wrong in a known way, and people who say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import load_config
from pipeline.refining.answers import AnswersInRun
from pipeline.refining.candidates import Redrawing
from pipeline.refining.correction_round import RoundModels
from pipeline.refining.task import RefinedVideo, RefineTask, refine_task
from pipeline.runs.folder import RunFolder
from pipeline.runs.spool import VideoOpener
from pipeline.runs.units import unit_file, unit_records, videos_of
from schemas import tables
from schemas.localizations import Localization
from schemas.masks import encode_rle
from schemas.points import PointLabel
from schemas.ranges import VideoKey
from schemas.videos import Video
from stages.backends.flow import FlowPropagator
from stages.backends.grabcut import GrabCutSegmenter

Say = Callable[..., None]
Refine = Callable[..., RefinedVideo]


def truth(frame_idx: int) -> np.ndarray:
    """(96, 128) bool, the square of every video of the corpus."""
    mask = np.zeros((96, 128), dtype=bool)
    mask[30:62, 20 + 2 * frame_idx : 52 + 2 * frame_idx] = True
    return mask


def label(frame_idx: int, x: int, y: int, is_on: bool, object_id: str = "1") -> PointLabel:
    """What people say of one pixel of video ``a``."""
    status = "ACCEPTED" if is_on else "REJECTED"
    return PointLabel(
        "a", object_id, "square", "", frame_idx, frame_idx / 10, x, y, int(is_on), status, is_on, "train", "grabcut",
        "flow", 0, 1, f"{object_id}-{frame_idx}-{x}-{y}", "annotators",
    )  # fmt: skip


def labels(frame_idx: int) -> list[PointLabel]:
    """What people say of a grid of pixels of video ``a``, which is the truth."""
    on = truth(frame_idx)
    return [label(frame_idx, x, y, bool(on[y, x])) for y in range(26, 70, 10) for x in range(14, 90, 8)]


@pytest.fixture
def run(annotated: Path, tmp_path: Path) -> RunFolder:
    """The annotated corpus; from frame 4 on, the masks of video ``a`` lack the lower half of the square."""
    run = RunFolder(Path(shutil.copytree(annotated, tmp_path / "run")))
    video = videos_of(run)[0]
    masks = []
    for mask in unit_records(run, tables.MASKS, video):
        drawing = mask.decode()
        drawing[46:] &= mask.frame_idx < 4
        masks.append(replace(mask, rle=encode_rle(drawing)))
    tables.MASKS.write(unit_file(run, tables.MASKS, video), masks, run.metadata())
    return run


@pytest.fixture
def video(run: RunFolder) -> Video:
    return videos_of(run)[0]


@pytest.fixture
def say(run: RunFolder, video: Video) -> Say:
    """Write what people said of video ``a``, as ``merge`` does."""

    def write(said: Sequence[PointLabel]) -> None:
        tables.POINTS.write(unit_file(run, tables.POINTS, video), said, run.metadata())

    return write


@pytest.fixture
def refine_here(run: RunFolder, video: Video) -> Refine:
    """Refine video ``a`` in this process; clicks are in pixels."""

    def work(*clicks: Localization) -> RefinedVideo:
        config = load_config(Path(str(run.config_file)), {})
        models = RoundModels(GrabCutSegmenter(), FlowPropagator())
        redrawing = Redrawing(config.sampling, config.jpeg_quality, AnswersInRun(run))
        task = RefineTask(VideoKey(video.video_id, video.unit), clicks)
        return refine_task(run, task, models, redrawing, VideoOpener())

    return work
