"""An error ends one video, or the whole run where every other video would meet it too."""

from __future__ import annotations

import errno
import logging

import pytest

from schemas.jobs import VideoJob
from schemas.video_files import VideoFile
from stages.failures import ends_the_run, rejected_video
from stages.video import DecodeError

JOB = VideoJob(VideoFile("v", "/videos/v.mp4"), (), "00")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_or_may_not_be_written_ends_the_run(code):
    assert ends_the_run(OSError(code, "no"))


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "no"), ValueError("no"), MemoryError()])
def test_any_other_error_ends_its_video_alone(error):
    assert not ends_the_run(error)


def test_a_video_that_cannot_be_decoded_is_rejected_with_the_words_of_the_decoder(caplog):
    reject = rejected_video(JOB, DecodeError("truncated", "ends at byte 7")).reject
    assert (reject.stage, reject.key, reject.error, reject.input_uri) == ("decode", "v", "truncated", "/videos/v.mp4")
    assert reject.detail == "truncated: ends at byte 7"
    assert not caplog.records


def test_an_unexpected_error_is_logged_with_its_traceback(caplog):
    with caplog.at_level(logging.ERROR):
        reject = rejected_video(JOB, ValueError("odd")).reject
    assert (reject.stage, reject.error) == ("annotate", "unexpected")
    assert reject.detail == "ValueError: odd; see logs/ in the run folder, then run the same command again"
    assert [record.exc_info is not None for record in caplog.records] == [True]
