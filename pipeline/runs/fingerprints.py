"""Fingerprints of the videos of a run, one file a video; made once, and again only for another video of that name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from pipeline.runs.resampling import source_of
from pipeline.runs.units import unit_file, unit_records, video_of
from schemas import tables
from schemas.ranges import VideoKey
from schemas.remote_paths import AnyPath
from schemas.splits import Fingerprint
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.split.frame_hash import fingerprint
from stages.video import DecodeError, Opener, open_video

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """The outcome of one video.

    Attributes:
        video_id: the video.
        problem: why it was looked at on the frames that the run keeps only; else empty.
    """

    video_id: str
    problem: str = ""


def open_keys(run: RunFolder, keys: list[VideoKey]) -> list[VideoKey]:
    """The videos without a fingerprint of their source."""
    rows = tables.FINGERPRINTS.read(run.path, columns=["video_id", "is_of_source"])
    done = {name for name, is_whole in zip(*(rows[c].to_pylist() for c in rows.column_names), strict=True) if is_whole}
    stems = set(tables.FINGERPRINTS.stems(run.path))
    return [key for key in keys if unit_name(key.video_id, key.unit) not in stems or key.video_id not in done]


def drop_others(run: RunFolder, keys: list[VideoKey]) -> None:
    """Remove the fingerprints of videos that the run has no more."""
    own = {unit_name(key.video_id, key.unit) for key in keys}
    for file in tables.FINGERPRINTS.files(run.path):
        if file.stem not in own:
            file.unlink(missing_ok=True)


def fingerprint_video(run: RunFolder, key: VideoKey, opener: Opener) -> Fingerprinted:
    """Write the fingerprint of a video; of one whose source is gone, that of the frames that the run keeps."""
    video = video_of(run, key)
    source, problem = source_of(video), ""
    try:
        found = Fingerprint(video.video_id, _sha256(source, opener), *fingerprint(_images(source, opener)))
    except (DecodeError, OSError, ValueError) as error:
        problem = str(error)
        found = Fingerprint(video.video_id, "", *fingerprint(_kept_frames(run, video)), is_of_source=False)
    if unit_records(run, tables.FINGERPRINTS, video) != [found]:
        tables.FINGERPRINTS.write(unit_file(run, tables.FINGERPRINTS, video), [found], run.metadata())
    return Fingerprinted(video.video_id, problem)


def _images(source: VideoFile, opener: Opener) -> Iterator[NDArray[np.uint8]]:
    with open_video(source, opener) as reader:
        for frame in reader:
            yield frame.image


def _kept_frames(run: RunFolder, video: Video) -> Iterator[NDArray[np.uint8]]:
    files: Iterable[AnyPath] = run.frames_of(video.video_id).glob("*.jpg")
    for file in sorted(files, key=lambda path: path.name):
        image = cv2.imdecode(np.frombuffer(file.read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
        if image is not None:
            yield np.asarray(image, dtype=np.uint8)


def _sha256(source: VideoFile, opener: Opener) -> str:
    found = hashlib.sha256()
    for path in source.frames or (source.uri,):
        with opener(path) as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                found.update(chunk)
    return found.hexdigest()
