"""Committing a video: the frames that people look at, its tables, its commit mark last.

Every file is written under a name of its own and renamed, so that an attempt which is cut off leaves nothing that
counts, and two attempts at once leave one whole result. Each file waits for the disk or the store, so several are
written at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import cv2

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables
from schemas.elements import RejectedVideo, SampledVideo
from schemas.frames import Frame
from schemas.jobs import VideoJob
from schemas.tables import Table
from schemas.whole_files import write_whole
from stages.video import Opener, frame_as_jpeg, selected_frames

_WRITES_AT_ONCE = 8


def commit_video(run: RunFolder, sampled: SampledVideo, jpeg_quality: int, opener: Opener) -> None:
    """Write all that a video gave; it is done when this returns.

    Raises:
        DecodeError: the video cannot be decoded.
        OSError: the run folder cannot be written.
    """
    job, tracked = sampled.job, sampled.tracked
    folder = run.frames_of(job.video_id)
    jpegs = _jpegs(sampled, jpeg_quality, opener)
    with ThreadPoolExecutor(_WRITES_AT_ONCE) as pool:
        while some := list(islice(jpegs, _WRITES_AT_ONCE)):
            list(pool.map(lambda one: write_whole(folder / f"{one[0]:06d}.jpg", one[1]), some))
    parts: list[tuple[Table[Any], Sequence[Any]]] = [
        (tables.LOCALIZATIONS, tracked.placed.localizations),
        (tables.MASKS, tracked.masks),
        (tables.REPAIRS, tracked.repairs),
        (tables.CANDIDATES, sampled.candidates),
        (tables.REJECTS, tracked.rejects),
        (tables.VIDEOS, [tracked.video]),
    ]
    write_unit(run, unit_name(job.video_id, job.unit), parts)


def _jpegs(sampled: SampledVideo, quality: int, opener: Opener) -> Iterator[tuple[int, bytes]]:
    """(frame index, file) of the frames that people look at; what is a JPEG that can be shown stays as it is."""
    file, others = sampled.job.file, []
    for idx in sampled.frames_to_look_at():
        if jpeg := frame_as_jpeg(file, idx, opener):
            yield idx, jpeg
        else:
            others.append(idx)
    for frame in selected_frames(file, others, opener):
        yield frame.idx, frame.jpeg or encode_jpeg(frame, quality)


def write_unit(run: RunFolder, stem: str, parts: Sequence[tuple[Table[Any], Sequence[Any]]]) -> None:
    """Commit one unit: the first table, then the others at once, and when all are there the last, the commit mark.

    A unit that was cut off has its first table, which tells it from a video that was rejected as a whole
    (:func:`is_finished`).
    """
    metadata = run.metadata()

    def write(part: tuple[Table[Any], Sequence[Any]]) -> None:
        table, records = part
        table.write(run.table_file(table, stem), records, metadata)

    *before, mark = parts
    for part in before[:1]:
        write(part)
    with ThreadPoolExecutor(_WRITES_AT_ONCE) as pool:
        list(pool.map(write, before[1:]))
    write(mark)


def commit_reject(run: RunFolder, rejected: RejectedVideo) -> None:
    """Say why there is nothing of a video, unless another attempt committed it, or said why: the first reason stays."""
    if not is_finished(run, rejected.job):
        write_unit(run, unit_name(rejected.job.video_id, rejected.job.unit), [(tables.REJECTS, [rejected.reject])])


def is_committed(run: RunFolder, job: VideoJob) -> bool:
    """Whether the commit mark of a video stands."""
    return tables.VIDEOS.has_unit(run.path, unit_name(job.video_id, job.unit))


def is_finished(run: RunFolder, job: VideoJob) -> bool:
    """Whether a video is committed, or rejected as a whole.

    A commit writes localizations first and rejects before the mark: where there are both and no mark, it was cut off.
    """
    stem = unit_name(job.video_id, job.unit)
    return is_committed(run, job) or (
        tables.REJECTS.has_unit(run.path, stem) and not tables.LOCALIZATIONS.has_unit(run.path, stem)
    )


def encode_jpeg(frame: Frame, quality: int) -> bytes:
    """The frame as JPEG, for people to look at."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR), options)[1])
