"""What verified points of a video tell of its objects on frames without any."""

from __future__ import annotations

from functools import partial

import numpy as np

from pipeline.refining.hints import VideoHints
from pipeline.refining.point_classifiers import PointClassifiers
from pipeline.refining.state import VideoState, state_of
from pipeline.refining.verified import Verified
from pipeline.runs.folder import RunFolder
from pipeline.runs.resampling import source_of
from pipeline.runs.rounds import VideoRounds
from schemas.videos import Video
from stages.backends.describer import Describer, load_describer
from stages.video import selected_frames
from tests.pipeline.refining.conftest import Say, label, labels, truth


def state(run: RunFolder, video: Video) -> VideoState:
    groups = VideoHints.read(run, video).groups
    return state_of(video, VideoRounds.read(run, video), groups, Verified.read(run, video))


def test_points_on_two_frames_tell_what_the_object_looks_like_on_a_third(
    run: RunFolder, video: Video, say: Say
) -> None:
    say([*labels(6), *labels(9), label(9, 50, 50, is_on=True, object_id="2")])
    frames = partial(selected_frames, source_of(video))
    found = PointClassifiers.learned(state(run, video), {"1", "2"}, frames, partial(load_describer, "cpu"))
    (frame,) = frames([1])
    likelihood = found.likelihood("1", frame.image)
    assert likelihood is not None
    assert likelihood.trust > 0.8
    alike, square = likelihood.probability > 0.5, truth(1)
    assert (alike & square).sum() > 0.8 * (alike | square).sum()
    assert found.likelihood("2", frame.image) is None  # one point


def test_with_points_on_one_frame_or_none_nothing_is_loaded_or_decoded(run: RunFolder, video: Video, say: Say) -> None:
    def nothing(*_: object) -> Describer:
        raise AssertionError("asked for")

    say(labels(8))
    found = PointClassifiers.learned(state(run, video), {"1", "2"}, nothing, nothing)
    assert found.likelihood("1", np.zeros((96, 128, 3), dtype=np.uint8)) is None
