"""``pointvos export``: the dataset in the formats that the field's tools read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder, unit_name
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, WorkProblem, console, show_problems, summary
from schemas import tables
from schemas.ranges import VideoRange
from schemas.remote_paths import AnyPath
from stages.export.davis_folder import ExportedMasks
from stages.export.point_vos import SPLITS, video_name
from stages.export.point_vos_folder import ExportedPoints, PointVosFolder
from stages.export.target import ExportTarget
from stages.progress import counted_by

Exported = TypeVar("Exported", ExportedPoints, ExportedMasks)


class ExportFormat(StrEnum):
    """What can be written."""

    POINTVOS = "pointvos"
    DAVIS = "davis"


def export(
    run: Run,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="pointvos: verified points; davis: masks.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="A new folder, or one of an earlier export.", show_default=False)],
    name: Annotated[str, typer.Option(help="pointvos: name of the dataset's folder in --out.")] = "pointvos",
    jsonl: Annotated[bool, typer.Option("--jsonl", help="pointvos: one entry a line instead of one JSON.")] = False,
) -> None:
    """Write the dataset of a run.

    **pointvos**: the points of `pointvos merge` as the Point-VOS release keeps them: train and val JSON, the annotated
    frames as JPEG, the points of each frame as PNG. What was written is checked against every demand of that format.

    **davis**: the masks of every frame as PNG of object indices, with `objects.json` to tell which object an index is.
    Masks of a folder of frames are named like its frames, those of a video file by decode index, counted from 0.

    Example: `pointvos export --run runs/demo --format pointvos --out demo-dataset`
    """
    folder = run.require()
    if form is ExportFormat.POINTVOS:
        _require_points(folder, name)
    try:
        target = ExportTarget.prepare(out.absolute())
    except FileExistsError as problem:
        raise UsageProblem(str(problem)) from None
    with folder.lock():
        if form is ExportFormat.POINTVOS:
            rows, problems = _write_point_vos(folder, target, name, jsonl)
        else:
            rows, problems = _write_davis(folder, target)
    summary(f"Exported {run} as {form}", [*rows, ("written to", out)])
    show_problems("broken:", problems)
    if problems:
        console.print(f"{len(problems):,} problems; the export is not complete")
        raise typer.Exit(REJECTED)


def _require_points(folder: RunFolder, name: str) -> None:
    if not tables.POINTS.files(folder.path):
        raise UsageProblem(f"run {folder.path} has no points; make them with: pointvos merge --run {folder.path}")
    if video_name(name) != name:
        raise UsageProblem(f"dataset name {name!r} has characters beyond A-Z a-z 0-9 _ -; choose another --name")


def _write_point_vos(
    folder: RunFolder, target: ExportTarget, name: str, jsonl: bool
) -> tuple[list[tuple[str, object]], list[str]]:
    from pipeline.table_graphs import ExportRunPoints

    pointed = {file.name for file in tables.POINTS.files(folder.path)}
    ranges = in_ranges([k for k in video_keys(folder) if f"{unit_name(k.video_id, k.unit)}.parquet" in pointed])
    _require_names(ranges)
    out = PointVosFolder(target, name, jsonl, folder.absolute().frame_file)
    found = _run(folder, ranges, partial(ExportRunPoints, folder.absolute(), ranges, out), ExportedPoints)
    found.sort(key=lambda one: one.number)
    video_ids = {there: video_id for one in found for there, video_id in one.videos.items()}
    out.join(len(ranges), video_ids)
    counts = [(f"objects in {split}", sum(one.n_objects[split] for one in found)) for split in SPLITS]
    problems = [problem for split in SPLITS for one in found for problem in one.problems[split]]
    return [("videos", len(video_ids)), *counts, ("points", sum(one.n_points for one in found))], problems


def _require_names(ranges: Sequence[VideoRange]) -> None:
    """Raise WorkProblem when two videos would have one name."""
    video_ids: dict[str, str] = {}
    for video_id in (key.video_id for found in ranges for key in found.videos):
        there = video_name(video_id)
        if (other := video_ids.setdefault(there, video_id)) != video_id:
            raise WorkProblem(
                f"videos {other!r} and {video_id!r} would both be called {there!r} in this format; "
                "give one of them another file name and annotate it again"
            )


def _write_davis(folder: RunFolder, target: ExportTarget) -> tuple[list[tuple[str, object]], list[str]]:
    from pipeline.table_graphs import ExportRunMasks

    ranges = in_ranges(video_keys(folder))
    found = _run(folder, ranges, partial(ExportRunMasks, folder.absolute(), ranges, target), ExportedMasks)
    found.sort(key=lambda one: one.video_id)
    objects = {one.video_id: one.objects for one in found if not one.problem}
    target.write("objects.json", json.dumps(objects, indent=1, sort_keys=True).encode("ascii"))
    counts = [("videos", len(objects)), ("objects", sum(map(len, objects.values())))]
    n_frames = sum(one.n_frames for one in found)
    return [*counts, ("frames", n_frames)], [one.problem for one in found if one.problem]


def _run(
    folder: RunFolder, ranges: Sequence[VideoRange], graph: Callable[[AnyPath], Any], kind: type[Exported]
) -> list[Exported]:
    """Run a graph, given where its results go; those of each range or video, in no particular order."""
    from pipeline.runners.table_runner import result_folder, results, run_table_graph

    n_videos = sum(len(found.videos) for found in ranges)
    with result_folder(folder) as work, bar("Exporting", n_videos) as advance, counted_by(advance):
        run_table_graph(folder, graph(work / "exported.json"), "Export")
        return results(work / "exported.json", kind)
