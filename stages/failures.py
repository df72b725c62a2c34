"""What a stage does with an error: a reject of the video, or the end of the whole run."""

from __future__ import annotations

import errno
import logging

from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from stages.video import DecodeError

CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors of the file system that every other video would meet too; what cannot be read of a video is a DecodeError."""
logger = logging.getLogger(__name__)


def ends_the_run(error: Exception) -> bool:
    """Whether the other videos would fail in the same way."""
    return isinstance(error, OSError) and error.errno in CANNOT_WRITE


def rejected_video(job: VideoJob, error: Exception) -> RejectedVideo:
    """A video with the reason why it is rejected; an unexpected error is logged with its traceback."""
    if isinstance(error, DecodeError):
        return RejectedVideo(job, Reject("decode", job.video_id, error.error, str(error), job.file.uri))
    logger.error("video %s failed", job.video_id, exc_info=error)
    detail = f"{type(error).__name__}: {error}; see logs/ in the run folder, then run the same command again"
    return RejectedVideo(job, Reject("annotate", job.video_id, "unexpected", detail, job.file.uri))
