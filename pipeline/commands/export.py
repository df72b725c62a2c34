"""``pointvos export``: the dataset in the formats that the field's tools read."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder
from pipeline.runs.frame_files import names_of
from pipeline.runs.units import unit_records, videos_of
from pipeline.terminal.console import REJECTED, UsageProblem, WorkProblem, console, show_problems, summary
from schemas import tables
from schemas.videos import Video
from stages.export.davis import frame_name, index_maps, object_indices
from stages.export.index_png import index_png
from stages.export.point_vos import SPLITS, Entry, entries_of, point_map, to_json, to_jsonl, video_name
from stages.export.point_vos_check import problems_of
from stages.export.target import ExportTarget


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
        target = ExportTarget.prepare(out)
    except FileExistsError as problem:
        raise UsageProblem(str(problem)) from None
    with folder.lock():
        if form is ExportFormat.POINTVOS:
            rows = _write_point_vos(folder, target, name, jsonl)
            problems = list(problems_of(out / name))
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


def _write_point_vos(folder: RunFolder, target: ExportTarget, name: str, jsonl: bool) -> list[tuple[str, object]]:
    splits: dict[str, dict[str, Entry]] = {split: {} for split in SPLITS}
    video_ids: dict[str, str] = {}
    for video in track(videos_of(folder), "Exporting", console=console, transient=True):
        points = unit_records(folder, tables.POINTS, video)
        if not points:
            continue
        name_there = video_name(video.video_id)
        if (other := video_ids.setdefault(name_there, video.video_id)) != video.video_id:
            raise WorkProblem(
                f"videos {other!r} and {video.video_id!r} would both be called {name_there!r} in this format; "
                "give one of them another file name and annotate it again"
            )
        for entry in entries_of(points):
            splits[points[0].split][entry.question_hash] = entry
            _write_frames(folder, target, name, video, entry)
    for split, entries in splits.items():
        suffix, content = ("jsonl", to_jsonl(entries)) if jsonl else ("json", to_json(entries))
        target.write(f"{name}/{split}.{suffix}", content)
    target.write(f"{name}/videos.json", json.dumps(video_ids, indent=1, sort_keys=True).encode("ascii"))
    n_points = sum(len(e.annotated_points) for entries in splits.values() for e in entries.values())
    counts = [(f"objects in {split}", len(entries)) for split, entries in splits.items()]
    return [("videos", len(video_ids)), *counts, ("points", n_points)]


def _write_frames(folder: RunFolder, target: ExportTarget, name: str, video: Video, entry: Entry) -> None:
    for frame_id in sorted({point.frame_id for point in entry.annotated_points}):
        labels = point_map(entry, frame_id, video.height, video.width)
        target.write(f"{name}/Annotations/{entry.video_name}/{entry.question_hash}/{frame_id}.png", index_png(labels))
        jpeg = folder.frame_file(video.video_id, int(frame_id))
        if jpeg.is_file():
            target.write(f"{name}/JPEGImages/{entry.video_name}/{frame_id}.jpg", jpeg.read_bytes())


def _write_davis(folder: RunFolder, target: ExportTarget) -> tuple[list[tuple[str, object]], list[str]]:
    objects: dict[str, dict[int, str]] = {}
    problems: list[str] = []
    n_frames = 0
    for video in track(videos_of(folder), "Exporting", console=console, transient=True):
        masks = unit_records(folder, tables.MASKS, video)
        try:
            indices = object_indices(mask.object_id for mask in masks)
        except ValueError as problem:
            problems.append(f"{video.video_id}: {problem}")
            continue
        objects[video.video_id] = {index: object_id for object_id, index in indices.items()}
        stems = names_of(video).stems()
        for frame_idx, labels in index_maps(video, masks, indices):
            target.write(frame_name(video.video_id, frame_idx, stems), index_png(labels))
            n_frames += 1
    target.write("objects.json", json.dumps(objects, indent=1, sort_keys=True).encode("ascii"))
    return [("videos", len(objects)), ("objects", sum(map(len, objects.values()))), ("frames", n_frames)], problems
