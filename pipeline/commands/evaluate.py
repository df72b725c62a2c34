"""``pointvos evaluate``: masks, candidates and points against ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.commands.options import GroundTruth, JsonFile, Run
from pipeline.runs.fetching import on_disk
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import in_ranges, video_keys
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems
from pipeline.terminal.json_files import write_json
from schemas.wording import many
from stages.evaluate.davis import PROTOCOLS, ObjectScore
from stages.evaluate.ground_truth import shown_folders
from stages.evaluate.measures import VideoMeasures, add_scores
from stages.evaluate.points import PointScore
from stages.progress import counted_by

_MEASURES = ("J&F", "J", "J recall", "J decay", "F", "F recall", "F decay")
MOST_ROWS = 200
"""Objects that are printed; all are in the JSON file."""
_RATIOS = ("accuracy", "fg_agreement", "bg_agreement", "fg_recall", "bg_specificity", "balanced_accuracy")


def evaluate(
    run: Run,
    ground_truth: GroundTruth,
    json_file: JsonFile = None,
    protocol: Annotated[
        str, typer.Option(help=f"{PROTOCOLS[0]} leaves out the first and last frame; {PROTOCOLS[1]} uses all.")
    ] = PROTOCOLS[0],
) -> None:
    """Measure a run against ground truth.

    Masks: region similarity J, boundary accuracy F and their mean as the DAVIS benchmarks define them, per object over
    frames, then averaged over objects. Candidates and points: how often their label of a pixel is right.

    FRAME.png is the ground truth of the frame of that name in a folder of frames; in a video file FRAME is the decode
    index, counted from 0. Ground truth in an object store is downloaded to a temporary folder first.

    Example: `pointvos evaluate --run runs/demo --ground-truth DAVIS/Annotations/480p --json scores.json`
    """
    from pipeline.runners.table_runner import is_elsewhere

    if protocol not in PROTOCOLS:
        raise UsageProblem(f"unknown protocol {protocol!r}; known: {', '.join(PROTOCOLS)}")
    folder = run.require()
    if is_elsewhere() and not isinstance(ground_truth, Path):
        raise UsageProblem(f"{ground_truth} would be downloaded to this machine; give a path that all workers see")
    with on_disk(ground_truth) as masks:
        results = _evaluate_all(folder, masks, protocol)
        found = [problem for result in results for problem in result.problems]
        problems = [problem.replace(str(masks), str(ground_truth)) for problem in found]
        if not problems and not any(result.has_truth for result in results):
            there = shown_folders(masks, [result.video_id for result in results])
            raise UsageProblem(
                f"no video of {run} has ground truth below {ground_truth}, named VIDEO_ID/FRAME.png there; {there}"
            )
    for note in (note for result in results for note in result.notes):
        console.print(note, markup=False)
    report = _report(results, protocol, problems)
    if json_file:
        write_json(json_file, report)
    _print_masks([score for result in results for score in result.objects])
    _print_points("Candidates, by stratum", report["candidates"])
    _print_points("Points, by status", report["points"])
    for result in results:
        if result.unmatched:
            console.print(f"{result.video_id}: not in the ground truth: {', '.join(result.unmatched)}", markup=False)
    show_problems("rejected", problems)
    if problems:
        raise typer.Exit(REJECTED)


def _evaluate_all(folder: RunFolder, ground_truth: Path, protocol: str) -> list[VideoMeasures]:
    """What was measured on each video, by id."""
    from pipeline.runners.table_runner import result_folder, results, run_table_graph
    from pipeline.table_graphs.evaluate import EvaluateRun

    keys = video_keys(folder)
    with result_folder(folder) as work, bar("Evaluating", len(keys)) as advance, counted_by(advance):
        out = work / "measures.json"
        graph = EvaluateRun(folder.absolute(), in_ranges(keys), ground_truth.absolute(), protocol, out)
        run_table_graph(folder, graph, "EvaluateRun")
        return sorted(results(out, VideoMeasures), key=lambda found: found.video_id)


def _report(results: Sequence[VideoMeasures], protocol: str, problems: Sequence[str]) -> dict[str, Any]:
    scores = [score for result in results for score in result.objects]
    return {
        "protocol": protocol,
        "mean": dict(zip(_MEASURES, _means(scores), strict=True)) if scores else None,
        "objects": [
            {"video_id": s.video_id, "object_id": s.object_id, "frames": s.n_frames}
            | dict(zip(_MEASURES, _figures(s), strict=True))
            for s in scores
        ],
        "candidates": _point_report(add_scores(result.candidates for result in results)),
        "points": _point_report(add_scores(result.points for result in results)),
        "unmatched": {result.video_id: list(result.unmatched) for result in results if result.unmatched},
        "rejected": list(problems),
    }


def _point_report(kinds: Mapping[str, PointScore]) -> dict[str, Any]:
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
    for score in scores[:MOST_ROWS]:
        table.add_row(score.video_id, score.object_id, str(score.n_frames), *_cells(_figures(score)))
    if (left := len(scores) - MOST_ROWS) > 0:
        table.add_row(f"… and {left:,} more", "--json has all")
    table.add_section()
    table.add_row("mean", many(len(scores), "object"), "", *_cells(_means(scores)), style="bold")
    console.print(table)


def _print_points(title: str, kinds: Mapping[str, Mapping[str, Any]]) -> None:
    if len(kinds) == 1:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("", style="cyan")
    for kind in kinds:
        table.add_column(kind, justify="right", style="bold" if kind == "all" else None)
    for name in ("n", "ambiguous", "unknown", *_RATIOS):
        table.add_row(name.replace("_", " "), *(_cell(ratios[name]) for ratios in kinds.values()))
    console.print(table)


def _cells(values: Sequence[float]) -> list[str]:
    return [_cell(value) for value in values]


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
