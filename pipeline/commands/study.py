"""``pointvos study``: how many points on how many frames a network needs."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.commands.benchmark_rounds import GroundTruth, Json
from pipeline.commands.options import Run
from pipeline.commands.train_propagator import require_points
from pipeline.commands.training_options import (
    BATCH,
    BETWEEN,
    SIZE,
    TRIAL_STEPS,
    VIEWS,
    Batch,
    Between,
    Capacity,
    Device,
    LeaveOut,
    Out,
    PrecisionOption,
    Seeds,
    Size,
    Steps,
    Views,
    training_settings,
)
from pipeline.terminal.bar import bar
from pipeline.terminal.console import UsageProblem, console, styled
from pipeline.terminal.json_files import write_json
from schemas.whole_files import write_whole

POINTS = "1,2,3,5,10,20,30"
FRAMES = "1,2,5,10,all"
ALL = 0
"""In numbers of frames."""


def study(
    run: Run,
    ground_truth: GroundTruth,
    out: Out,
    points: Annotated[str, typer.Option(help="Maximum verified points per object and frame.")] = POINTS,
    frames: Annotated[str, typer.Option(help="Annotated frames per object, spread over its video.")] = FRAMES,
    leave_out: LeaveOut = 0,
    seeds: Seeds = 3,
    steps: Steps = TRIAL_STEPS,
    batch: Batch = BATCH,
    size: Size = SIZE,
    between: Between = BETWEEN,
    views: Views = VIEWS,
    capacity: Capacity = 1,
    precision: PrecisionOption = "auto",
    device: Device = "auto",
    json_file: Json = None,
) -> None:
    """Study supervision: train on fewer points and frames of a run and test on other videos.

    For every combination, that many of the run's verified points are taken, a network is trained as by `pointvos
    benchmark point-vos`, and tested on the same videos. OUT/study.svg is the plot. To study 30 points, annotate with
    `--points 30`.

    Example:
      pointvos study --run runs/davis --ground-truth DAVIS/Annotations/480p --out study --frames 2,5,all
    """
    from pipeline.point_vos.plot import study_svg
    from pipeline.point_vos.supervision import SupervisionLevel, run_levels
    from pipeline.point_vos.trials import TrialRunner

    cells = [SupervisionLevel(p, f) for f in _numbers("frames", frames) for p in _numbers("points", points)]
    folder = require_points(run)
    settings = training_settings(
        size, device, steps=steps, batch=batch, between=between, views=views, capacity=capacity, precision=precision
    )
    try:
        whole = TrialRunner(folder, ground_truth, out, settings, device)
        with bar("Cells", len(cells)) as advance:
            rows = []
            for cell, facts, trials in run_levels(whole, cells, leave_out, seeds):
                rows.append({**facts, **_figures(trials)})
                advance(1)
                if not console.is_terminal:
                    console.print(f"{cell.name}: J&F {rows[-1]['from masks']['mean']:.3f} from masks", markup=False)
    except (ValueError, FileNotFoundError) as problem:
        raise UsageProblem(str(problem)) from None
    report = {"steps": steps, "batch": batch, "seeds": seeds, "leave_out": leave_out, "cells": rows}
    if json_file:
        write_json(json_file, report)
    write_whole(out / "study.svg", study_svg(rows).encode())
    _show(rows)
    console.print(f"Plot: {out / 'study.svg'}", markup=False)


def _numbers(what: str, text: str) -> list[int]:
    found = []
    for part in text.split(","):
        if part.strip() == "all" and what == "frames":
            found.append(ALL)
        elif part.strip().isdecimal() and int(part) > 0:
            found.append(int(part))
        else:
            more = ", or all" if what == "frames" else ""
            raise UsageProblem(f"invalid --{what} {text!r}; expected numbers from 1 on, such as 1,2,5{more}")
    return sorted(dict.fromkeys(found), key=lambda number: number or 10**9)


def _figures(trials: Sequence[Any]) -> dict[str, Any]:
    """J&F over all objects, its mean and deviation over seeds."""
    seeds = sorted({trial.seed for trial in trials})
    found = {}
    for start in ("points", "masks"):
        means = [
            fmean(o.j_and_f for t in trials if t.seed == seed for o in t.objects if o.start == start) for seed in seeds
        ]
        found[f"from {start}"] = {"mean": fmean(means), "deviation": pstdev(means)}
    return found


def _show(rows: Sequence[dict[str, Any]]) -> None:
    console.print(styled("Supervision of a network, and its results on held-out videos", "bold"))
    table = Table(box=None, pad_edge=False)
    for name in ("frames", "points", "total labels", "on the object", "J&F from masks", "±", "J&F from points"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            str(row["frames"] or "all"), str(row["points"]), f"{row['labels']:,}", f"{row['share_on']:.0%}",
            f"{row['from masks']['mean']:.3f}", f"{row['from masks']['deviation']:.3f}",
            f"{row['from points']['mean']:.3f}",
        )  # fmt: skip
    console.print(table)
