import numpy as np
import pytest

from schemas.elements import PlacedVideo
from schemas.frames import Frame
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile
from stages import progress
from stages.progress import SEGMENT_FRAMES, BatchProgress, Step
from stages.segment.batches import split_objects

FRAMES = [Frame(idx, 0.0, np.zeros((2, 2, 3), np.uint8)) for idx in range(8)]


@pytest.fixture
def told(monkeypatch):
    """All steps that are told; none is left out for coming too soon."""
    steps: list[Step] = []
    monkeypatch.setattr(progress, "_EVERY_S", -1.0)
    progress.listen(steps.append)
    yield steps
    progress.listen(lambda _: None)


def batches(most=0, n_objects=2, number=None):
    names = ["woman", "dog", "cat", "bird", "fox"]
    rows = [
        Localization("v", str(i), frame, Clicks(((5.0, 5.0),), (1,)), object_name=names[i])
        for i in range(n_objects)
        for frame in (0, 4)[: 1 + (i == 0)]
    ]
    return split_objects(PlacedVideo(VideoJob(VideoFile("v", "v.mp4"), tuple(rows), "0", number)), most)


def test_the_stage_and_its_objects_are_named(told):
    (batch,) = batches()
    BatchProgress(batch, 8).segmenting(0, 0)
    BatchProgress(batch, 8).segmenting(4, 1)
    assert [step.text for step in told] == ["segmenting dog, woman, 1 of 2", "segmenting woman, 2 of 2"]
    (crowd,) = batches(n_objects=5)
    BatchProgress(crowd, 8).segmenting(0, 0)
    assert told[-1].text == "segmenting bird, cat, dog and 2 more, 1 of 2"


def test_segmenting_counts_and_a_frame_counts_half_when_decoded_and_half_when_its_masks_are_final(told):
    (batch,) = batches()
    said = BatchProgress(batch, 8)
    segmenting = 2 * SEGMENT_FRAMES / (2 * SEGMENT_FRAMES + 8)
    said.segmenting(4, 1)
    assert told[-1] == Step("segmenting woman, 2 of 2", segmenting / 2)
    list(said.propagating(FRAMES))
    assert told[-1].share == pytest.approx(segmenting + (1 - segmenting) / 2)
    for idx in (7, 7, 6, 5, 4):
        said.final(idx)
    assert told[-1].share == pytest.approx(segmenting + (1 - segmenting) * 0.75)
    assert told[-1].text == "propagating 2 objects"


def test_frames_before_the_first_hint_are_told_as_such(told):
    row = Localization("v", "1", 3, Clicks(((5.0, 5.0),), (1,)))
    (batch,) = split_objects(PlacedVideo(VideoJob(VideoFile("v", "v.mp4"), (row,), "0")), 0)
    list(BatchProgress(batch, 8).propagating(FRAMES))
    before = "preparing the frames before the first hint of 1 object"
    assert [step.text for step in told] == [before] * 3 + ["propagating 1 object"] * 5


def test_every_batch_is_a_part_of_the_video(told):
    first, second = batches(most=1)
    BatchProgress(second, 8).segmenting(0, 0)
    assert told[-1].share == 0.5
    list(BatchProgress(first, 8).propagating(FRAMES))
    assert told[-1].text == "propagating 1 object, batch 1 of 2"
    assert told[-1].share < 0.5


def test_a_batch_that_is_a_job_of_its_own_tells_its_own_share(told):
    (second,) = batches(most=1, number=1)
    BatchProgress(second, 8).segmenting(0, 0)
    assert told[-1] == Step("segmenting dog, 1 of 1", 0.0)
    list(BatchProgress(second, 8).propagating(FRAMES))
    assert told[-1].text == "propagating 1 object, batch 2 of 2"
    assert told[-1].share == pytest.approx(SEGMENT_FRAMES / (SEGMENT_FRAMES + 8) + 8 / (SEGMENT_FRAMES + 8) / 2)
