"""Shards of WebDataset: TAR files with a JPEG and a JSON document for every annotated frame.

Source: https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from stages.export.point_vos import video_name
from stages.export.points.annotated import AnnotatedVideo, OpenFile, ReadFrame


def shard_name(split: str, number: int) -> str:
    """Path of the samples of one range of videos."""
    return f"{split}-{number:05d}.tar"


def write_shards(number: int, videos: Iterable[AnnotatedVideo], read_frame: ReadFrame, open_file: OpenFile) -> None:
    """Write the shards of one range of videos; a split without samples has none.

    Frames that the run does not keep are left out.

    Args:
        number: of the range, from 0.
        videos: of the range.
        read_frame: reads pictures.
        open_file: opens a file of the export for writing.
    """
    with ExitStack() as stack:
        archives: dict[str, tarfile.TarFile] = {}
        for found in videos:
            if found.split not in archives:
                file = stack.enter_context(open_file(shard_name(found.split, number)))
                archive = tarfile.open(fileobj=file, mode="w|", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
                archives[found.split] = stack.enter_context(archive)
            for path, content in _samples(found, read_frame):
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archives[found.split].addfile(entry, io.BytesIO(content))


def _samples(found: AnnotatedVideo, read_frame: ReadFrame) -> Iterator[tuple[str, bytes]]:
    video = found.video
    for frame_idx, objects in found.frames.items():
        if jpeg := read_frame(video.video_id, frame_idx):
            key = f"{video_name(video.video_id)}/{frame_idx:06d}"
            facts = {"video_id": video.video_id, "frame_idx": frame_idx, "frame_name": found.frame_name(frame_idx)}
            size = {"width": video.width, "height": video.height}
            content = {
                **facts,
                "time_s": video.time_s(frame_idx),
                **size,
                **found.origin(),
                "objects": [one.row() for one in objects],
            }
            yield f"{key}.jpg", jpeg
            yield f"{key}.json", json.dumps(content).encode("ascii")
