"""A frame out of the middle of a file is the one that a sequential pass found there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from schemas.video_files import VideoFile
from stages.video import open_video, seeking
from stages.video.seeking import FrameMark, frame_at, mark_of
from tests.pipeline.conftest import write_video


@pytest.fixture
def video(tmp_path: Path) -> VideoFile:
    write_video(tmp_path / "a.mp4", n_frames=40)
    return VideoFile("a", str(tmp_path / "a.mp4"))


def test_every_frame_is_found_again_without_a_sequential_pass(
    video: VideoFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_video(video) as reader:
        frames = list(reader)
    monkeypatch.setattr(seeking, "selected_frames", lambda *_: [])
    for frame in [*frames[::7], frames[-1]]:
        assert np.array_equal(frame_at(video, mark_of(frame)), frame.image)


def test_a_time_that_says_nothing_falls_back_on_a_sequential_pass(video: VideoFile) -> None:
    with open_video(video) as reader:
        frame = list(reader)[33]
    wrong = FrameMark(33, 0.0, mark_of(frame).checksum)
    assert np.array_equal(frame_at(video, wrong), frame.image)


def test_a_file_that_has_changed_is_told(video: VideoFile) -> None:
    with pytest.raises(LookupError, match=r"frame 3 of .* differs from before: the file has changed"):
        frame_at(video, FrameMark(3, 0.3, 1))
