"""The videos of a run as the graphs over its tables go through them: ranges of ids, and the rows of one video."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pipeline.runs.folder import RunFolder
from pipeline.runs.frame_files import frame_names
from pipeline.runs.units import noun_spans, object_words, unit_records, video_of
from schemas import tables
from schemas.ranges import ReadVideo, VideoKey, VideoRange, VideoTables
from schemas.tables import DamagedTableError, Table

VIDEOS_A_RANGE = 128


def video_keys(run: RunFolder) -> list[VideoKey]:
    """The annotated videos of a run, by id.

    Raises:
        DamagedTableError: an id is such as no command writes.
    """
    found = tables.VIDEOS.read(run.path, columns=["video_id", "unit"])
    pairs = zip(found["video_id"].to_pylist(), found["unit"].to_pylist(), strict=True)
    try:
        return [VideoKey(*pair) for pair in sorted(pairs)]
    except ValueError as problem:
        raise DamagedTableError(f"table {tables.VIDEOS.name!r} is damaged: {problem}") from None


def in_ranges(keys: Sequence[VideoKey], n_videos: int = VIDEOS_A_RANGE) -> list[VideoRange]:
    """Videos in ranges of ``n_videos``, in their order."""
    starts = range(0, len(keys), n_videos)
    return [VideoRange(number, tuple(keys[start : start + n_videos]), start) for number, start in enumerate(starts)]


def reader(run: RunFolder, *wanted: Table[Any]) -> ReadVideo:
    """What reads the rows of one video from the tables that are wanted."""
    return partial(_read, run, frozenset(table.name for table in wanted))


def _read(run: RunFolder, wanted: frozenset[str], key: VideoKey) -> VideoTables:
    video = video_of(run, key)
    masks, candidates, points = (
        tuple(unit_records(run, table, video)) if table.name in wanted else ()
        for table in (tables.MASKS, tables.CANDIDATES, tables.POINTS)
    )
    is_named = tables.LOCALIZATIONS.name in wanted
    words = object_words(run, video) if is_named else {}
    return VideoTables(
        video,
        masks,
        candidates,
        points,
        frame_names(video),
        {object_id: name for object_id, (name, _) in words.items()},
        {object_id: expression for object_id, (_, expression) in words.items()},
        noun_spans(run, video) if is_named else {},
    )
