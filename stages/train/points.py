"""Verified points of one video at a time, read from Parquet when they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

_COLUMNS = ("object_id", "frame_idx", "x", "y", "label")
_IN_MEMORY = 64
"""Videos whose points are kept, a worker."""


@dataclass(frozen=True, slots=True)
class VideoRows:
    """Where the points of one video are.

    Attributes:
        video_id: the video.
        files: Parquet files that hold rows of it.
    """

    video_id: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FramePoints:
    """The points of one object on one frame.

    Attributes:
        xy: (N, 2) int32 pixel indices, x first.
        labels: (N,) int8, 1 on the object and 0 off it.
    """

    xy: NDArray[np.int32]
    labels: NDArray[np.int8]


ObjectPoints = Mapping[int, FramePoints]
"""Frame index → the object's points there, in the order of frames."""


def videos_with_points(folder: Path, split: str | None) -> list[VideoRows]:
    """The videos of a split, by id; only their ids and splits are read.

    Args:
        folder: Parquet files with the columns of the ``points`` table.
        split: ``train``, ``val`` or ``test``; None for all.

    Raises:
        FileNotFoundError: the folder holds no Parquet file.
    """
    paths = sorted(path for path in folder.glob("**/*.parquet") if not path.name.startswith(("_", ".")))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no Parquet files of points; make them with: pointvos merge")
    files: dict[str, list[str]] = {}
    for path in paths:
        for video_id in _videos_in(path, split):
            files.setdefault(video_id, []).append(str(path))
    return [VideoRows(video_id, tuple(own)) for video_id, own in sorted(files.items())]


def _videos_in(path: Path, split: str | None) -> Iterator[str]:
    usable = ds.field("label").is_valid()
    if split is not None:
        usable &= ds.field("split") == split
    for batch in ds.dataset(path).to_batches(columns=["video_id"], filter=usable):
        yield from pc.unique(batch["video_id"]).to_pylist()


@lru_cache(maxsize=_IN_MEMORY)
def points_of(video: VideoRows) -> Mapping[str, ObjectPoints]:
    """Object id → its points; points that people could not decide are left out."""
    of_video = (ds.field("video_id") == video.video_id) & ds.field("label").is_valid()
    table = ds.dataset(list(video.files)).to_table(columns=list(_COLUMNS), filter=of_video)
    table = table.sort_by([(name, "ascending") for name in ("object_id", "frame_idx", "y", "x")])
    return {object_id: _by_frame(rows) for object_id, rows in _groups(table, "object_id")}


def _by_frame(table: pa.Table) -> dict[int, FramePoints]:
    return {frame_idx: _frame(rows) for frame_idx, rows in _groups(table, "frame_idx")}


def _frame(rows: pa.Table) -> FramePoints:
    xy = np.stack([rows[name].to_numpy() for name in ("x", "y")], axis=1)
    return FramePoints(xy.astype(np.int32), rows["label"].to_numpy().astype(np.int8))


def _groups(table: pa.Table, column: str) -> Iterator[tuple[Any, pa.Table]]:
    """Runs of equal values in a sorted column."""
    if not len(table):
        return
    values: Sequence[Any] = table[column].to_pylist()
    starts = [i for i, value in enumerate(values) if not i or value != values[i - 1]]
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        yield values[start], table.slice(start, end - start)
