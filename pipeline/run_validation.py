"""What is wrong with the tables, the points and the splits of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc

from pipeline.commands.run_doctor import RunChecks
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import video_keys
from pipeline.runs.splits import split_rows
from pipeline.runs.units import unit_rows, video_of
from pipeline.terminal.console import quoted
from schemas import tables
from schemas.splits import VideoSplit
from schemas.tables import DamagedTableError, TableSchemaError
from schemas.videos import Video
from schemas.wording import many
from stages.split.assignment import divided_groups
from stages.validate.problems import Problem

_COLUMNS = ("video_id", "object_id", "frame_idx", "x", "y", "round", "split", "status", "label")


def run_problems(run: RunFolder) -> Iterator[Problem]:
    """Every broken rule; one video's rows are in memory at a time. Nobody may change the run meanwhile.

    Raises:
        UsageProblem: another command owns the run.
    """
    with run.lock():
        for fault in RunChecks(run).faults():
            yield Problem(
                str(run.path), f"{fault.text}; repair it with: pointvos doctor --run {quoted(run.path)} --repair"
            )
        try:
            splits = split_rows(run)
            yield from _leaks(splits)
            for key in video_keys(run):
                rows = unit_rows(run, tables.POINTS, key, _COLUMNS)
                if rows.num_rows:
                    yield from _point_problems(video_of(run, key), rows, splits.get(key.video_id))
        except (DamagedTableError, TableSchemaError, ValueError) as problem:
            yield Problem(str(run.path), f"{problem}; the rest was not read")


def _leaks(splits: dict[str, VideoSplit]) -> Iterator[Problem]:
    for group, own in divided_groups(splits.values()).items():
        names = ", ".join(f"{one.video_id} ({one.split})" for one in own)
        yield Problem(f"splits group {group}", f"near-duplicate videos are in different splits: {names}")


def _point_problems(video: Video, rows: Any, split: VideoSplit | None) -> Iterator[Problem]:
    where = f"points of video {video.video_id}"
    for name, end in (("x", video.width), ("y", video.height), ("frame_idx", video.n_frames)):
        if outside := pc.sum(pc.or_(pc.less(rows[name], 0), pc.greater_equal(rows[name], end))).as_py():
            yield Problem(
                where, f"{many(outside, 'point')} with {name} outside 0 to {end - 1}; merge or annotate again"
            )
    keys = list(zip(*(rows[name].to_pylist() for name in _COLUMNS[1:6]), strict=True))
    if twice := len(keys) - len(set(keys)):
        yield Problem(where, f"{twice:,} pixels are duplicated; make the points again with pointvos merge")
    there = sorted(rows["split"].unique().to_pylist())
    if split and there != [split.split]:
        yield Problem(where, f"the split is {', '.join(there)}, splits/ says {split.split}; run pointvos split again")
    elif len(there) > 1:
        yield Problem(where, f"the points are in several splits: {', '.join(there)}; run pointvos merge again")
