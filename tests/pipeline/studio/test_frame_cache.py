"""Frames are ready by their decode index, those of damaged places and of other versions of a file are told."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.studio.frame_cache import FrameCache
from schemas.video_files import VideoFile
from stages.video import open_video
from tests.pipeline.conftest import write_video
from verification_ui.gate.refusals import Refusal


@pytest.fixture
def cache(tmp_path: Path) -> FrameCache:
    write_video(tmp_path / "a.mp4", n_frames=30)
    cache = FrameCache(VideoFile("a", str(tmp_path / "a.mp4")), tmp_path / "frames")
    cache.start()
    return cache


def wait_until(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    return is_so()


def test_frames_are_the_decoders_own(cache: FrameCache) -> None:
    with open_video(cache.file) as reader:
        frames = list(reader)
    for idx in (0, 17, 29):
        assert np.array_equal(cache.exact(idx), frames[idx].image)
        shown = np.asarray(Image.open(io.BytesIO(cache.view(idx)))).astype(int)
        errors = [np.abs(shown - frame.image).mean() for frame in frames]
        assert int(np.argmin(errors)) == idx
    with pytest.raises(Refusal, match="there is no frame 30; the video has 30"):
        cache.view(30)


def test_a_closed_cache_leaves_no_decoder_at_work_and_another_one_reads_it_whole(cache: FrameCache) -> None:
    cache.may_run.clear()
    cache.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "frame-cache"]
    again = FrameCache(cache.file, cache.folder)
    again.start()
    assert wait_until(lambda: again.is_whole)
    assert again.n_ready == 30


def test_a_second_start_needs_no_pass(cache: FrameCache) -> None:
    with pytest.raises(Refusal):
        cache.exact(30)  # waits for the end
    assert wait_until((cache.own / "marks.npz").exists)
    again = FrameCache(cache.file, cache.folder)
    again.start()
    assert (again.is_whole, again.n_ready) == (True, 30)
    assert np.array_equal(again.exact(11), cache.exact(11))


def test_a_video_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    cache = FrameCache(VideoFile("a", str(tmp_path / "a.mp4")), tmp_path / "frames")
    cache.start()
    with pytest.raises(Refusal, match="not_a_video"):
        cache.view(0)
