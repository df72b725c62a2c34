"""The splits of a run: the table that ``pointvos split`` writes, and the points that carry them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.units import take_apart, unit_file, unit_rows, video_of
from pipeline.terminal.console import UsageProblem
from schemas import tables
from schemas.ranges import ReadVideo, VideoKey, VideoTables
from schemas.splits import VideoSplit
from schemas.tables import marks_of

SplitOf = Callable[[str], str]
"""Video id → its split."""
_STEM = "splits"


def splits_of(run: RunFolder) -> dict[str, str]:
    """Video id → split, as ``pointvos split`` decided; empty when it was not used."""
    rows = tables.SPLITS.read(run.path, columns=["video_id", "split"])
    return dict(zip(rows["video_id"].to_pylist(), rows["split"].to_pylist(), strict=True))


def split_rows(run: RunFolder) -> dict[str, VideoSplit]:
    """The rows of the table by video id."""
    return {one.video_id: one for one in tables.SPLITS.records(tables.SPLITS.read(run.path))}


def rules_of(run: RunFolder) -> dict[str, str]:
    """Ratios and seed that the splits were made with; empty without any."""
    file = run.table_file(tables.SPLITS, _STEM)
    return {name: text for name, text in marks_of(file).items() if "split." in name} if file.is_file() else {}


def write_splits(run: RunFolder, splits: Sequence[VideoSplit], rules: Mapping[str, str]) -> int:
    """Write the splits, then give them to the points that are there; both can be repeated.

    Returns:
        How many videos have points that carry another split now.
    """
    tables.SPLITS.write(run.table_file(tables.SPLITS, _STEM), splits, {**run.metadata(), **rules})
    found = {one.video_id: one.split for one in splits}
    return sum(_carry_over(run, key, found[key.video_id]) for key in video_keys(run) if key.video_id in found)


def _carry_over(run: RunFolder, key: VideoKey, split: str) -> bool:
    there = unit_rows(run, tables.POINTS, key, ["split"])["split"].unique().to_pylist()
    if not there or there == [split]:
        return False
    video = video_of(run, key)
    take_apart(run, video, [tables.POINTS])
    file = unit_file(run, tables.POINTS, video)
    rows = tables.POINTS.read_files([file])
    place = rows.schema.get_field_index("split")
    rows = rows.set_column(place, rows.schema.field(place), pa.array([split] * len(rows)))
    tables.POINTS.write_rows(file, rows.replace_schema_metadata(marks_of(file)))
    return True


@dataclass(frozen=True, slots=True)
class CheckedSplits:
    """Reads the rows of a video, whose points must have the split that the run says.

    Attributes:
        read: reads them.
        splits: video id → split; videos that are not in it may have any.
    """

    read: ReadVideo
    splits: Mapping[str, str]

    def __call__(self, key: VideoKey) -> VideoTables:
        """The rows of one video.

        Raises:
            UsageProblem: another command was cut off, so that its points are in another split.
        """
        found = self.read(key)
        require_same_split(key.video_id, {point.split for point in found.points}, self.splits)
        return replace(found, split=self.splits.get(key.video_id, found.split))


def require_same_split(video_id: str, there: set[Any], splits: Mapping[str, str]) -> None:
    """Raise UsageProblem unless the points of a video are in the split that it has."""
    wanted = splits.get(video_id)
    if wanted and there - {wanted}:
        raise UsageProblem(
            f"the points of video {video_id!r} are in split {', '.join(sorted(there))}, but splits/ says {wanted}: "
            "pointvos split was interrupted or the points are older; run pointvos split or pointvos merge again"
        )
