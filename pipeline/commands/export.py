"""``pointvos export``: the dataset in the formats that the field's tools read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from pipeline.commands.options import Run, on_this_machine
from pipeline.runs.folder import RunFolder, unit_name
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, WorkProblem, console, show_problems, summary
from schemas import tables
from schemas.ranges import VideoRange
from schemas.remote_paths import AnyPath
from stages.export.mask_folder import ExportedMasks, MaskFolder, numbered
from stages.export.point_folder import SPLITS, ExportedPoints, PointFolder
from stages.export.point_vos import video_name
from stages.export.point_vos_folder import PointVosFolder
from stages.export.points.folder import ShardFolder
from stages.export.target import ExportTarget
from stages.progress import counted_by

Exported = TypeVar("Exported", ExportedPoints, ExportedMasks)


class ExportFormat(StrEnum):
    """What can be written."""

    POINTVOS = "pointvos"
    HUGGINGFACE = "huggingface"
    WEBDATASET = "webdataset"
    DAVIS = "davis"
    YOUTUBE_VOS = "youtube_vos"
    YOUTUBE_VIS = "youtube_vis"
    COCO = "coco"
    COCO_POLYGONS = "coco_polygons"
    SAV = "sav"
    MOT = "mot"
    YOLO = "yolo"
    CVAT = "cvat"
    LABEL_STUDIO = "label_studio"


_POINTS = (ExportFormat.POINTVOS, ExportFormat.HUGGINGFACE, ExportFormat.WEBDATASET)


def export(
    run: Run,
    form: Annotated[
        ExportFormat,
        typer.Option("--format", help="pointvos, huggingface, webdataset: points; else masks.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="A new folder of this machine, or one of an earlier export.",
            show_default=False,
            callback=on_this_machine,
        ),
    ],
    name: Annotated[str, typer.Option(help="Formats of points: name of the dataset.")] = "pointvos",
    jsonl: Annotated[bool, typer.Option("--jsonl", help="pointvos: one entry a line instead of one JSON.")] = False,
) -> None:
    """Write the dataset of a run.

    **pointvos**: the points of `pointvos merge` as the Point-VOS release keeps them: train and val JSON, the annotated
    frames as JPEG, the points of each frame as PNG. What was written is checked against every demand of that format.

    **huggingface**, **webdataset**: the decided points with the pictures of their frames, for the `datasets` and
    `webdataset` libraries.

    **davis**, **youtube_vos**: the masks as PNG of object indices. Masks of a folder of frames are named like its
    frames, those of a video file by decode index, counted from 0. **youtube_vis**, **coco**, **coco_polygons**,
    **sav**: masks as JSON. **cvat**, **label_studio**, **mot**, **yolo**: polygons or boxes around the masks.

    Example: `pointvos export --run runs/demo --format pointvos --out demo-dataset`
    """
    folder = run.require()
    is_points = form in _POINTS
    if is_points:
        _require_points(folder, name)
    try:
        target = ExportTarget.prepare(out.absolute())
    except FileExistsError as problem:
        raise UsageProblem(str(problem)) from None
    with folder.lock():
        write = (
            partial(_write_points, folder, target, form, name, jsonl)
            if is_points
            else partial(_write_masks, folder, target, form)
        )
        rows, problems = write()
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


def _write_points(
    folder: RunFolder, target: ExportTarget, form: ExportFormat, name: str, jsonl: bool
) -> tuple[list[tuple[str, object]], list[str]]:
    from pipeline.table_graphs import ExportRunPoints

    pointed = set(tables.POINTS.stems(folder.path))
    ranges = in_ranges([k for k in video_keys(folder) if unit_name(k.video_id, k.unit) in pointed])
    frame_file = folder.absolute().frame_file
    out: PointFolder = ShardFolder(target, form, name, frame_file)
    if form is ExportFormat.POINTVOS:
        _require_names(ranges)
        out = PointVosFolder(target, name, jsonl, frame_file)
    found = _run(folder, ranges, partial(ExportRunPoints, folder.absolute(), ranges, out), ExportedPoints)
    found.sort(key=lambda one: one.number)
    out.join(found)
    counts = [(f"objects in {split}", sum(one.n_objects[split] for one in found)) for split in SPLITS]
    n_points = sum(sum(one.n_points.values()) for one in found)
    problems = [problem for split in SPLITS for one in found for problem in one.problems[split]]
    return [("videos", sum(len(one.videos) for one in found)), *counts, ("points", n_points)], problems


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


def _write_masks(
    folder: RunFolder, target: ExportTarget, form: ExportFormat
) -> tuple[list[tuple[str, object]], list[str]]:
    from pipeline.table_graphs import ExportRunMasks

    ranges = in_ranges(video_keys(folder))
    out = MaskFolder(target, form, numbered(_object_names(folder)))
    found = _run(folder, ranges, partial(ExportRunMasks, folder.absolute(), ranges, out), ExportedMasks)
    found.sort(key=lambda one: one.video_id)
    out.join()
    written = [one for one in found if not one.problem]
    n_objects, n_masks = (sum(getattr(one, name) for one in written) for name in ("n_objects", "n_masks"))
    counts = [("videos", len(written)), ("objects", n_objects), ("masks", n_masks)]
    return counts, [one.problem for one in found if one.problem]


def _object_names(folder: RunFolder) -> set[str]:
    return set(tables.LOCALIZATIONS.read(folder.path, columns=["object_name"])["object_name"].unique().to_pylist())


def _run(
    folder: RunFolder, ranges: Sequence[VideoRange], graph: Callable[[AnyPath], Any], kind: type[Exported]
) -> list[Exported]:
    """Run a graph, given where its results go; those of each range or video, in no particular order."""
    from pipeline.runners.table_runner import result_folder, results, run_table_graph

    n_videos = sum(len(found.videos) for found in ranges)
    with result_folder(folder) as work, bar("Exporting", n_videos) as advance, counted_by(advance):
        run_table_graph(folder, graph(work / "exported.json"), "Export")
        return results(work / "exported.json", kind)
