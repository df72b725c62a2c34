"""``pointvos evaluate``: masks, candidates and points against ground truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import typer
from rich.progress import track
from rich.table import Table

from pipeline.commands.options import Run
from pipeline.runs.folder import RunFolder
from pipeline.runs.frame_files import names_of
from pipeline.runs.units import unit_records, videos_of
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems
from schemas import tables
from schemas.videos import Video
from stages.evaluate.davis import PROTOCOLS, ObjectScore
from stages.evaluate.evaluation import VideoEvaluation, evaluate_video
from stages.evaluate.ground_truth import find_truth, shown_folders
from stages.evaluate.points import PointClaim, PointScore, score_by_kind, score_points

_MEASURES = ("J&F", "J", "J recall", "J decay", "F", "F recall", "F decay")
_RATIOS = ("accuracy", "fg_agreement", "bg_agreement", "fg_recall", "bg_specificity", "balanced_accuracy")


def evaluate(
    run: Run,
    ground_truth: Annotated[
        Path, typer.Option(help="Folder of true masks: VIDEO_ID/FRAME.png.", show_default=False, exists=True)
    ],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the same figures to this file.", show_default=False)
    ] = None,
    protocol: Annotated[
        str, typer.Option(help=f"{PROTOCOLS[0]} leaves out the first and last frame; {PROTOCOLS[1]} uses all.")
    ] = PROTOCOLS[0],
) -> None:
    """Measure a run against ground truth.

    Masks: region similarity J, boundary accuracy F and their mean as the DAVIS benchmarks define them, per object over
    frames, then averaged over objects. Candidates and points: how often what they say of a pixel is true.

    FRAME.png is the truth of the frame of that name in a folder of frames; in a video file FRAME is the decode index,
    counted from 0.

    Example: `pointvos evaluate --run runs/demo --ground-truth DAVIS/Annotations/480p --json scores.json`
    """
    if protocol not in PROTOCOLS:
        raise UsageProblem(f"unknown protocol {protocol!r}; known: {', '.join(PROTOCOLS)}")
    folder = run.require()
    results, problems = _evaluate_all(folder, ground_truth, protocol)
    if not results and not problems:
        there = shown_folders(ground_truth, [video.video_id for video in videos_of(folder)])
        raise UsageProblem(
            f"no video of {run} has ground truth below {ground_truth}, named VIDEO_ID/FRAME.png there; {there}"
        )
    report = _report(results, protocol, problems)
    if json_file:
        json_file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _print_masks([score for result in results for score in result.objects])
    _print_points("Candidates, by stratum", [claim for result in results for claim in result.candidates])
    _print_points("Points, by status", [claim for result in results for claim in result.points])
    for result in results:
        if result.unmatched:
            console.print(f"{result.video_id}: not in the ground truth: {', '.join(result.unmatched)}", markup=False)
    show_problems("rejected", problems)
    if problems:
        raise typer.Exit(REJECTED)


def _evaluate_all(folder: RunFolder, ground_truth: Path, protocol: str) -> tuple[list[VideoEvaluation], list[str]]:
    results: list[VideoEvaluation] = []
    problems: list[str] = []
    for video in track(videos_of(folder), "Evaluating", console=console, transient=True):
        try:
            result = _evaluate_one(folder, video, ground_truth, protocol, problems)
        except ValueError as problem:
            problems.append(f"{video.video_id}: {problem}")
            continue
        if result:
            results.append(result)
    return results, problems


def _evaluate_one(
    folder: RunFolder, video: Video, ground_truth: Path, protocol: str, problems: list[str]
) -> VideoEvaluation | None:
    masks, candidates, points = (
        unit_records(folder, tables.MASKS, video),
        unit_records(folder, tables.CANDIDATES, video),
        unit_records(folder, tables.POINTS, video),
    )
    object_ids = {mask.object_id for mask in masks}
    truth = find_truth(ground_truth, video.video_id, object_ids, (video.height, video.width), names_of(video))
    if truth is None:
        return None
    if truth.unknown:
        problems.append(f"{video.video_id}: {truth.unknown}")
    if other := truth.other_size():
        scale = f"ground truth of {other} (H, W) is scaled to {(video.height, video.width)}, by nearest neighbour"
        console.print(f"{video.video_id}: {scale}", markup=False)
    return evaluate_video(truth, masks, candidates, points, protocol)


def _report(results: Sequence[VideoEvaluation], protocol: str, problems: Sequence[str]) -> dict[str, Any]:
    scores = [score for result in results for score in result.objects]
    return {
        "protocol": protocol,
        "mean": dict(zip(_MEASURES, _means(scores), strict=True)) if scores else None,
        "objects": [
            {"video_id": s.video_id, "object_id": s.object_id, "frames": s.n_frames}
            | dict(zip(_MEASURES, _figures(s), strict=True))
            for s in scores
        ],
        "candidates": _point_report([claim for result in results for claim in result.candidates]),
        "points": _point_report([claim for result in results for claim in result.points]),
        "unmatched": {result.video_id: list(result.unmatched) for result in results if result.unmatched},
        "rejected": list(problems),
    }


def _point_report(claims: Sequence[PointClaim]) -> dict[str, Any]:
    kinds = {"all": score_points(claims)} | score_by_kind(claims)
    return {kind: _ratios(score) for kind, score in kinds.items()}


def _ratios(score: PointScore) -> dict[str, Any]:
    counts = {"n": score.n, "ambiguous": score.n_ambiguous, "unknown": score.n_unknown}
    return counts | {name: getattr(score, name) for name in _RATIOS}


def _figures(score: ObjectScore) -> list[float]:
    j, f = score.j, score.f
    return [score.j_and_f, j.mean, j.recall, j.decay, f.mean, f.recall, f.decay]


def _means(scores: Sequence[ObjectScore]) -> list[float]:
    return [fmean(column) for column in zip(*map(_figures, scores), strict=True)]


def _print_masks(scores: Sequence[ObjectScore]) -> None:
    if not scores:
        return
    table = Table(title="Masks", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("video", style="cyan", overflow="fold")
    table.add_column("object", overflow="fold")
    for name in ("frames", *_MEASURES):
        table.add_column(name, justify="right")
    for score in scores:
        table.add_row(score.video_id, score.object_id, str(score.n_frames), *_cells(_figures(score)))
    table.add_section()
    table.add_row("mean", f"{len(scores)} objects", "", *_cells(_means(scores)), style="bold")
    console.print(table)


def _print_points(title: str, claims: Sequence[PointClaim]) -> None:
    if not claims:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("kind", style="cyan")
    for name in ("n", "ambiguous", "unknown", *_RATIOS):
        table.add_column(name.replace("_", " "), justify="right")
    for kind, ratios in _point_report(claims).items():
        style = "bold" if kind == "all" else None
        table.add_row(kind, *(_cell(value) for value in ratios.values()), style=style)
    console.print(table)


def _cells(values: Sequence[float]) -> list[str]:
    return [_cell(value) for value in values]


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
