"""Rows of a run, video by video: no command holds more than one video's tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs.folder import RunFolder
from pipeline.runs.names import unit_name
from schemas import tables
from schemas.ranges import VideoKey
from schemas.remote_paths import AnyPath
from schemas.tables import Table
from schemas.videos import Video

Record = TypeVar("Record")


def videos_of(run: RunFolder) -> list[Video]:
    """The annotated videos of a run, by id."""
    return sorted(tables.VIDEOS.records(tables.VIDEOS.read(run.path)), key=lambda video: video.video_id)


def video_of(run: RunFolder, key: VideoKey) -> Video:
    """What is known of one video."""
    (video,) = tables.VIDEOS.records(unit_rows(run, tables.VIDEOS, key))
    return video


def unit_file(run: RunFolder, table: Table[Any], video: Video) -> AnyPath:
    """Where a table keeps the rows of one video."""
    return run.table_file(table, unit_name(video.video_id, video.unit))


def unit_rows(
    run: RunFolder,
    table: Table[Any],
    key: VideoKey | Video,
    columns: Sequence[str] | None = None,
    filters: Any = None,
) -> pa.Table:
    """The rows of one video as an Arrow table; none when the table has no file for it."""
    return table.read_unit(run.path, unit_name(key.video_id, key.unit), filters, columns)


def take_apart(run: RunFolder, video: Video, of: Sequence[Table[Any]]) -> None:
    """Give a video files of its own where its rows are in joined ones."""
    marks = run.metadata()
    for table in of:
        file = unit_file(run, table, video)
        if not file.is_file() and table.has_unit(run.path, file.stem):
            rows = table.read_unit(run.path, file.stem)
            table.write_rows(file, rows.replace_schema_metadata(table.marks(marks)))


def unit_records(run: RunFolder, table: Table[Record], video: Video) -> list[Record]:
    """The rows of one video; none when the table has no file for it."""
    return table.records(unit_rows(run, table, video))


def object_words(run: RunFolder, video: Video) -> dict[str, tuple[str, str]]:
    """Object id → (object name, expression), the first that any of its localizations gives."""
    words: dict[str, tuple[str, str]] = defaultdict(lambda: ("", ""))
    for row in localization_rows(run, video):
        name, expression = words[row["object_id"]]
        words[row["object_id"]] = (name or row["object_name"], expression or row["expression"])
    return dict(words)


def noun_spans(run: RunFolder, video: Video) -> dict[str, tuple[int, int]]:
    """Object id → offsets of a noun in the caption of its actor, of objects of narratives."""
    rows = unit_rows(run, tables.LOCALIZATIONS, video, ["object_id", "noun_span"]).to_pylist()
    return {row["object_id"]: tuple(row["noun_span"]) for row in rows if row["noun_span"]}


def object_models(run: RunFolder, video: Video, *sources: str) -> dict[str, str]:
    """Object id → registry key of the model that made its masks of any of ``sources`` (see ``MASK_SOURCES``)."""
    masks = unit_rows(run, tables.MASKS, video, ["object_id", "source", "model"])
    made = (
        masks.filter(pc.is_in(masks["source"], pa.array(sources))).group_by("object_id").aggregate([("model", "min")])
    )
    return dict(zip(made["object_id"].to_pylist(), made["model_min"].to_pylist(), strict=True))


def localized_frames(run: RunFolder, video: Video) -> dict[str, list[int]]:
    """Object id → the frames that it was localized on, in order."""
    frames: dict[str, set[int]] = defaultdict(set)
    for row in localization_rows(run, video):
        frames[row["object_id"]].add(row["frame_idx"])
    return {object_id: sorted(own) for object_id, own in frames.items()}


def object_groups(run: RunFolder, video: Video) -> dict[str, str]:
    """Object id → group, or empty."""
    return {row["object_id"]: row["group"] for row in localization_rows(run, video)}


def localization_rows(run: RunFolder, video: Video) -> list[dict[str, Any]]:
    """The localizations of one video, as plain values."""
    rows: list[dict[str, Any]] = unit_rows(run, tables.LOCALIZATIONS, video).to_pylist()
    return rows
