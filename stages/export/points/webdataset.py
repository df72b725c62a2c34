"""Shards of WebDataset: TAR files with a JPEG and a JSON document for every annotated frame.

Source: https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator

from stages.export.point_vos import video_name
from stages.export.points.annotated import AnnotatedVideo, ReadFrame

SPLITS = ("train", "val")


def shard_name(split: str, number: int) -> str:
    """Path of the samples of one range of videos."""
    return f"{split}-{number:05d}.tar"


def shards(number: int, videos: Iterable[AnnotatedVideo], read_frame: ReadFrame) -> Iterator[tuple[str, bytes]]:
    """The shards of one range of videos; a split without samples has none.

    Frames that the run does not keep are left out.

    Args:
        number: of the range, from 0.
        videos: of the range.
        read_frame: reads pictures.
    """
    by_split: dict[str, list[AnnotatedVideo]] = {split: [] for split in SPLITS}
    for found in videos:
        by_split[found.split].append(found)
    for split, own in by_split.items():
        if own:
            yield shard_name(split, number), _archive(own, read_frame)


def _archive(videos: Iterable[AnnotatedVideo], read_frame: ReadFrame) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for found in videos:
            for path, content in _samples(found, read_frame):
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _samples(found: AnnotatedVideo, read_frame: ReadFrame) -> Iterator[tuple[str, bytes]]:
    video = found.video
    for frame_idx, objects in found.frames.items():
        if jpeg := read_frame(video.video_id, frame_idx):
            key = f"{video_name(video.video_id)}/{frame_idx:06d}"
            facts = {"video_id": video.video_id, "frame_idx": frame_idx, "time_s": video.time_s(frame_idx)}
            size = {"width": video.width, "height": video.height}
            content = {**facts, **size, "objects": [one.row() for one in objects]}
            yield f"{key}.jpg", jpeg
            yield f"{key}.json", json.dumps(content).encode("ascii")
