"""Why a batch of objects rejects its video; it waits beside the batches that are done until nobody works on the video.

Several batches may fail, on several workers and in any order: the first one of the video is the reason, as if a single
worker had done them one after the other.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from pipeline.runs.commit import commit_reject, is_committed
from pipeline.runs.folder import RunFolder
from schemas.elements import RejectedVideo
from schemas.jobs import VideoJob
from schemas.rejects import Reject
from schemas.whole_files import write_whole

_ENDING = ".reject.json"


def write_reject(run: RunFolder, rejected: RejectedVideo) -> None:
    """Say why there is nothing of a video: in its table, or, of a job for one batch, where the batches wait."""
    job = rejected.job
    if job.batch is None:
        commit_reject(run, rejected)
        return
    file = run.batches / job.unit / f"{job.batch}{_ENDING}"
    write_whole(file, json.dumps(asdict(rejected.reject)).encode(), is_synced=False)


def has_reject(run: RunFolder, job: VideoJob) -> bool:
    """Whether a batch of the video has rejected it."""
    return any((run.batches / job.unit).glob(f"*{_ENDING}"))


def commit_batch_reject(run: RunFolder, job: VideoJob) -> None:
    """Reject a video as the first of its batches says that was rejected, if one was; nobody works on it any more."""
    files = (run.batches / job.unit).glob(f"*{_ENDING}")
    first = min(files, key=lambda file: int(file.name.removesuffix(_ENDING)), default=None)
    if first is not None and not is_committed(run, job):
        run.drop_unit(job.video_id, job.unit)
        commit_reject(run, RejectedVideo(replace(job, batch=None), Reject(**json.loads(first.read_bytes()))))
