"""``pointvos export``: the dataset in the formats that the field's tools read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from pipeline.commands.options import Run, anywhere
from pipeline.runs.data_facts import data_facts
from pipeline.runs.exporting import ExportScope, masked_ranges, pointed_ranges, require_names
from pipeline.runs.folder import RunFolder
from pipeline.runs.provenance import provenance_of, videos_csv
from pipeline.runs.spool import VideoOpener
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems, summary
from schemas import tables
from schemas.ranges import VideoRange
from schemas.remote_paths import AnyPath
from schemas.splits import SPLITS
from schemas.wording import many
from stages.export.mask_folder import ExportedMasks, MaskFolder, numbered
from stages.export.masks.registry import OF_WORDS
from stages.export.point_folder import ExportedPoints, PointFolder
from stages.export.point_vos import SCRIPT_NAMES, video_name
from stages.export.point_vos_folder import PointVosFolder
from stages.export.points.first_clicks import FirstClicks
from stages.export.points.folder import ShardFolder
from stages.export.points.tapvid import TapVidFolder
from stages.export.target import ExportTarget
from stages.progress import counted_by

Exported = TypeVar("Exported", ExportedPoints, ExportedMasks)
Rows = list[tuple[str, object]]


class ExportFormat(StrEnum):
    """What can be written."""

    POINTVOS = "pointvos"
    PARQUET_OBJECTS = "parquet_objects"
    CLICKS = "clicks"
    TAPVID = "tapvid"
    HUGGINGFACE = "huggingface"
    WEBDATASET = "webdataset"
    DAVIS = "davis"
    YOUTUBE_VOS = "youtube_vos"
    YOUTUBE_VIS = "youtube_vis"
    COCO = "coco"
    COCO_POLYGONS = "coco_polygons"
    SAV = "sav"
    REF_YOUTUBE_VOS = "ref_youtube_vos"
    VNG = "vng"
    MOT = "mot"
    YOLO = "yolo"
    CVAT = "cvat"
    LABEL_STUDIO = "label_studio"


_POINTS = (
    ExportFormat.POINTVOS,
    ExportFormat.PARQUET_OBJECTS,
    ExportFormat.HUGGINGFACE,
    ExportFormat.WEBDATASET,
    ExportFormat.CLICKS,
    ExportFormat.TAPVID,
)
_WITH_MASKS = (ExportFormat.CLICKS, ExportFormat.TAPVID)


@dataclass(frozen=True, slots=True)
class _Export:
    """What the command line asks for."""

    folder: RunFolder
    target: ExportTarget
    form: ExportFormat
    name: str
    is_jsonl: bool
    only: ExportScope
    split: str | None


def export(
    run: Run,
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="pointvos, parquet_objects, huggingface, webdataset, clicks, tapvid: points; else masks.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Any,
        typer.Option(
            parser=anywhere,
            metavar="DIR",
            help="A new folder, or one of an earlier export: a path, s3://BUCKET/DIR or gs://BUCKET/DIR.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str, typer.Option(help="Formats of points: name of the dataset. The Point-VOS scripts know Oops and Kinetics.")
    ] = "pointvos",
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="pointvos: one entry a line instead of one JSON, as --name Kinetics has.")
    ] = False,
    only: Annotated[
        ExportScope | None,
        typer.Option(
            help="verified: points that people answered, masks of objects on frames with such points. all: unanswered "
            "candidates too, all masks.  \\[default: points verified, masks all]",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Only the videos of this split: train, val or test.", show_default=False)
    ] = None,
) -> None:
    """Write the dataset of a run.

    **pointvos**: the points of `pointvos merge` as the Point-VOS release keeps them: train and val JSON, the annotated
    frames as JPEG, the points of each frame as PNG. The output is checked against every rule of that format.

    **parquet_objects**: the decided points as Parquet with one nested row per object, for training.

    **huggingface**, **webdataset**: the decided points with the pictures of their frames, for the `datasets` and
    `webdataset` libraries.

    **clicks**: one click per object on its first frame, as in DAVIS-P and YouTubeVOS-P. **tapvid**: tracks of the
    points that persist.

    **davis**, **youtube_vos**: the masks as PNG of object indices. Masks of a folder of frames are named like its
    frames, those of a video file by decode index, counted from 0. **youtube_vis**, **coco**, **coco_polygons**,
    **sav**: masks as JSON. **ref_youtube_vos**, **vng**: expressions with their masks, and these masks as results for
    evaluators. **cvat**, **label_studio**, **mot**, **yolo**: polygons or boxes around the masks.

    Example: `pointvos export --run runs/demo --format pointvos --out demo-dataset`
    """
    folder = run.require()
    is_points = form in _POINTS
    if is_points and video_name(name) != name:
        raise UsageProblem(f"dataset name {name!r} has characters beyond A-Z a-z 0-9 _ -; choose another --name")
    only = only or (ExportScope.VERIFIED if is_points else ExportScope.ALL)
    ranges = (pointed_ranges if is_points else masked_ranges)(folder, only, split)
    try:
        target = ExportTarget.prepare(out.absolute())
    except FileExistsError as problem:
        raise UsageProblem(str(problem)) from None
    wanted = _Export(folder, target, form, name, jsonl or SCRIPT_NAMES.get(name) == "jsonl", only, split)
    with folder.lock():
        rows, problems = (_write_points if is_points else _write_masks)(wanted, ranges)
    summary(f"Exported {run} as {form}", [*rows, ("written to", out)])
    _say_names(wanted)
    show_problems("broken:", problems)
    if problems:
        console.print(f"{many(len(problems), 'problem')}; the export is not complete")
        raise typer.Exit(REJECTED)


def _write_points(wanted: _Export, ranges: list[VideoRange]) -> tuple[Rows, list[str]]:
    from pipeline.table_graphs.export import ExportRunPoints

    folder, is_all = wanted.folder.absolute(), wanted.only is ExportScope.ALL
    out = _point_folder(wanted, ranges)
    graph = partial(ExportRunPoints, folder, ranges, out, is_all, wanted.form in _WITH_MASKS)
    found = _run(wanted.folder, ranges, graph, ExportedPoints)
    found.sort(key=lambda one: one.number)
    out.join(found)
    video_ids = {video_id for one in found for video_id in one.videos.values()}
    wanted.target.write("videos.csv", videos_csv(wanted.folder, video_ids))
    n_objects = {split: sum(one.n_objects[split] for one in found) for split in SPLITS}
    counts = [(f"objects in {split}", n) for split, n in n_objects.items() if n or split != "test"]
    rows: Rows = [
        ("videos", sum(len(one.videos) for one in found)),
        *counts,
        ("points", sum(sum(one.n_points.values()) for one in found)),
        ("left out", sum(one.n_left_out for one in found)),
        ("unanswered", sum(one.n_unanswered for one in found)),
    ]
    return rows, [problem for split in SPLITS for one in found for problem in one.problems[split]]


def _point_folder(wanted: _Export, ranges: Sequence[VideoRange]) -> PointFolder:
    target, is_all, frame_file = wanted.target, wanted.only is ExportScope.ALL, wanted.folder.absolute().frame_file
    match wanted.form:
        case ExportFormat.POINTVOS:
            require_names(wanted.folder, ranges, wanted.only)
            return PointVosFolder(target, wanted.name, wanted.is_jsonl, frame_file)
        case ExportFormat.CLICKS:
            return FirstClicks(target, is_all)
        case ExportFormat.TAPVID:
            return TapVidFolder(target, VideoOpener())
        case _:
            facts, origins = data_facts(wanted.folder), partial(provenance_of, wanted.folder.absolute())
            return ShardFolder(target, wanted.form, wanted.name, frame_file, is_all, facts, origins)


def _write_masks(wanted: _Export, ranges: list[VideoRange]) -> tuple[Rows, list[str]]:
    from pipeline.table_graphs.export import ExportRunMasks

    folder = wanted.folder
    out = MaskFolder(wanted.target, wanted.form, numbered(_object_names(folder)))
    graph = partial(ExportRunMasks, folder.absolute(), ranges, out, wanted.only is ExportScope.VERIFIED)
    found = _run(folder, ranges, graph, ExportedMasks)
    found.sort(key=lambda one: one.video_id)
    out.join()
    written = [one for one in found if not one.problem]
    n_objects, n_masks = (sum(getattr(one, name) for one in written) for name in ("n_objects", "n_masks"))
    counts: Rows = [("videos", len(written)), ("objects", n_objects), ("masks", n_masks)]
    if wanted.form in OF_WORDS:
        counts.append(("objects without words", sum(one.n_silent for one in written)))
    if wanted.form is ExportFormat.LABEL_STUDIO and (n_folders := sum(one.is_folder for one in written)):
        console.print(
            f"{n_folders:,} videos are folders of frames, which Label Studio cannot play: encode them as MP4."
        )
    return counts, [one.problem for one in found if one.problem]


def _object_names(folder: RunFolder) -> set[str]:
    return set(tables.LOCALIZATIONS.read(folder.path, columns=["object_name"])["object_name"].unique().to_pylist())


def _say_names(wanted: _Export) -> None:
    """Say which names the scripts of the Point-VOS release accept, where they would not find these files."""
    suffix = "jsonl" if wanted.is_jsonl else "json"
    if wanted.form is ExportFormat.POINTVOS and SCRIPT_NAMES.get(wanted.name) != suffix:
        console.print(
            "The scripts of the Point-VOS release read --name Oops (JSON) and --name Kinetics (JSON lines) only.",
            markup=False,
        )


def _run(
    folder: RunFolder, ranges: Sequence[VideoRange], graph: Callable[[AnyPath], Any], kind: type[Exported]
) -> list[Exported]:
    """Run a graph, given where its results go; those of each range or video, in no particular order."""
    from pipeline.runners.table_runner import results, run_table_graph, work_folder

    n_videos = sum(len(found.videos) for found in ranges)
    with work_folder(folder, "export") as work, bar("Exporting", n_videos) as advance, counted_by(advance):
        run_table_graph(folder, graph(work / "exported.json"), "Export")
        return results(work / "exported.json", kind)
