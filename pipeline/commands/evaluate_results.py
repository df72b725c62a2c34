"""``pointvos evaluate-results``: result folders of referring video segmentation against ground truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import typer
from rich.progress import track
from rich.table import Table

from pipeline.commands.options import JsonFile
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems
from pipeline.terminal.json_files import write_json
from schemas.json_text import parse_json
from stages.evaluate.ground_truth import find_truth, shown_folders
from stages.evaluate.noun_truth import read_truth, score_nouns, truth_files
from stages.evaluate.referring import ExpressionScore, Referred, by_annotator, by_expression, score_video


def evaluate_results(
    results: Annotated[Path, typer.Argument(help="Folder of results of Ref-YouTube-VOS or Ref-DAVIS.", exists=True)],
    ground_truth: Annotated[
        Path,
        typer.Option(
            help="Folder of true masks: VIDEO_ID/FRAME.png; of Video Narrative Grounding, the JSON of its masks.",
            show_default=False,
            exists=True,
        ),
    ],
    expressions: Annotated[
        Path | None,
        typer.Option(help="meta_expressions.json, for results in VIDEO_ID/EXPRESSION/FRAME.png.", exists=True),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Measure results of referring video segmentation: J, F and their mean for every expression.

    Ref-YouTube-VOS: RESULTS/VIDEO_ID/EXPRESSION/FRAME.png, with --expressions. Ref-DAVIS:
    RESULTS/anno_0/VIDEO_ID/FRAME.png and so on, index maps. All annotated frames count, a frame without a result as an
    empty mask; an expression without any result is an error. Video Narrative Grounding: as Ref-YouTube-VOS, with the
    JSON of its masks as ground truth, whose frames without a mask do not count.

    Example: `pointvos evaluate-results results/ --ground-truth Annotations/ --expressions meta_expressions.json`
    """
    referred = _referred(results, ground_truth, expressions)
    scores, problems = _scored_nouns(referred, ground_truth) or _scored(referred, ground_truth)
    if not scores and not problems:
        there = shown_folders(ground_truth, sorted({one.video_id for one in referred}))
        raise UsageProblem(f"no video of {results} has ground truth below {ground_truth}; {there}")
    if json_file:
        write_json(json_file, _report(scores, problems))
    _print(scores)
    show_problems("rejected", problems)
    if problems:
        raise typer.Exit(REJECTED)


def _referred(results: Path, ground_truth: Path, expressions: Path | None) -> list[Referred]:
    try:
        if expressions is not None:
            return by_expression(results, parse_json(expressions.read_bytes()))
        found = by_annotator(results, ground_truth)
    except (ValueError, AttributeError) as problem:
        raise UsageProblem(f"{expressions or results}: {problem}") from None
    if not found:
        raise UsageProblem(
            f"{results} holds no anno_0, anno_1, … of Ref-DAVIS with videos of {ground_truth}; for results of "
            "Ref-YouTube-VOS, name its meta_expressions.json with --expressions"
        )
    return found


def _scored_nouns(referred: Sequence[Referred], ground_truth: Path) -> tuple[list[ExpressionScore], list[str]] | None:
    """The scores against masks in JSON; None where the ground truth are pictures."""
    files = truth_files(ground_truth)
    if not files:
        return None
    try:
        truth = read_truth(files)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    found = list(track(score_nouns(truth, referred), "Evaluating", len(referred), console=console, transient=True))
    return [one for one in found if not isinstance(one, str)], [one for one in found if isinstance(one, str)]


def _scored(referred: Sequence[Referred], ground_truth: Path) -> tuple[list[ExpressionScore], list[str]]:
    by_video: dict[str, list[Referred]] = defaultdict(list)
    for one in referred:
        by_video[one.video_id].append(one)
    scores: list[ExpressionScore] = []
    problems: list[str] = []
    for video_id, own in track(by_video.items(), "Evaluating", console=console, transient=True):
        try:
            truth = find_truth(ground_truth, video_id, is_by_label=True)
        except ValueError as problem:
            problems.append(f"{video_id}: {problem}")
            continue
        if truth is None:
            console.print(f"{video_id}: no ground truth; skipped", markup=False)
            continue
        for scored in score_video(truth, own):
            (problems if isinstance(scored, str) else scores).append(scored)  # type: ignore[arg-type]
    return scores, problems


def _figures(one: ExpressionScore) -> list[float]:
    return [one.score.j_and_f, one.score.j.mean, one.score.f.mean]


def _means(scores: Sequence[ExpressionScore]) -> list[float]:
    return [fmean(column) for column in zip(*map(_figures, scores), strict=True)]


def _report(scores: Sequence[ExpressionScore], problems: Sequence[str]) -> dict[str, Any]:
    names = ("J&F", "J", "F")
    return {
        "mean": dict(zip(names, _means(scores), strict=True)) if scores else None,
        "expressions": [
            {
                "video_id": one.referred.video_id, "expression": one.referred.expression_id,
                "object_id": one.referred.object_id, "words": one.referred.words, "frames": one.score.n_frames,
                "missing_frames": list(one.missing),
            }
            | dict(zip(names, _figures(one), strict=True))
            for one in scores
        ],
        "rejected": list(problems),
    }  # fmt: skip


def _print(scores: Sequence[ExpressionScore]) -> None:
    if not scores:
        return
    table = Table(box=None, pad_edge=False)
    for name in ("video", "expression", "object", "words"):
        table.add_column(name, overflow="fold")
    for name in ("frames", "missing", "J&F", "J", "F"):
        table.add_column(name, justify="right")
    for one in scores:
        which = one.referred
        counts = str(one.score.n_frames), str(len(one.missing))
        cells = [f"{value:.3f}" for value in _figures(one)]
        table.add_row(which.video_id, which.expression_id, which.object_id, which.words, *counts, *cells)
    table.add_section()
    cells = [f"{value:.3f}" for value in _means(scores)]
    table.add_row("mean", f"{len(scores)} expressions", "", "", "", "", *cells, style="bold")
    console.print(table)
