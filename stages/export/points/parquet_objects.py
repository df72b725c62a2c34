"""Parquet with one nested row an object: its points on all frames, and where they come from.

For training that samples objects and clips: the row of an object is all that a sample needs beside the pixels, which
are read from the video by ``uri`` and ``frame_idx``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.parquet as pq

from stages.export.points.annotated import AnnotatedVideo, ObjectOnFrame, OpenFile, ReadFrame

_s, _i = pa.string(), pa.int32()
_FRAME = pa.struct(
    [
        ("frame_idx", _i), ("frame_name", _s), ("time_s", pa.float64()), ("x", pa.list_(_i)), ("y", pa.list_(_i)),
        ("label", pa.list_(pa.int8())), ("is_fg_candidate", pa.list_(pa.bool_())), ("n_verdicts", pa.list_(_i)),
        ("decided_by", pa.list_(_s)), ("round", pa.list_(_i)), ("candidate_id", pa.list_(_s)),
    ]
)  # fmt: skip
SCHEMA = pa.schema(
    [
        ("video_id", _s), ("uri", _s), ("width", _i), ("height", _i), ("n_frames", _i), ("fps", pa.float64()),
        ("object_id", _s), ("object_name", _s), ("expression", _s), ("segmenter", _s), ("propagator", _s),
        ("split", _s), ("source", _s), ("licence", _s), ("url", _s), ("n_points", _i), ("frames", pa.list_(_FRAME)),
    ]
)  # fmt: skip


def shard_name(split: str, number: int) -> str:
    """Path of the rows of one range of videos."""
    return f"data/{split}-{number:05d}.parquet"


def write_shards(number: int, videos: Iterable[AnnotatedVideo], read_frame: ReadFrame, open_file: OpenFile) -> None:
    """Write the files of one range of videos, a row group a video; a split without rows has no file.

    Args:
        number: of the range, from 0.
        videos: of the range.
        read_frame: is not used: rows hold no pictures.
        open_file: opens a file of the export for writing.
    """
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for found in videos:
            if found.split not in writers:
                file = stack.enter_context(open_file(shard_name(found.split, number)))
                writers[found.split] = stack.enter_context(pq.ParquetWriter(file, SCHEMA, compression="zstd"))
            writers[found.split].write_table(pa.Table.from_pylist(list(rows(found)), schema=SCHEMA))


def rows(found: AnnotatedVideo) -> Iterator[dict[str, object]]:
    """A row for every object of a video, in natural order of their ids."""
    video = found.video
    of_video = {
        "video_id": video.video_id, "uri": video.uri, "width": video.width, "height": video.height,
        "n_frames": video.n_frames, "fps": video.fps, "split": found.split,
        **found.origin(),
    }  # fmt: skip
    for object_id in found.object_ids:
        there = [(idx, one) for idx, own in found.frames.items() for one in own if one.object_id == object_id]
        first = there[0][1].points[0]
        yield {
            **of_video,
            **there[0][1].words(),
            "segmenter": first.segmenter,
            "propagator": first.propagator,
            "n_points": sum(len(one.points) for _, one in there),
            "frames": [_frame(found, idx, one) for idx, one in there],
        }


def _frame(found: AnnotatedVideo, idx: int, one: ObjectOnFrame) -> dict[str, object]:
    names = ("x", "y", "label", "is_fg_candidate", "n_verdicts", "decided_by", "round", "candidate_id")
    columns = {name: [getattr(point, name) for point in one.points] for name in names}
    return {"frame_idx": idx, "frame_name": found.frame_name(idx), "time_s": found.video.time_s(idx), **columns}
