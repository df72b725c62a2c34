"""``pointvos benchmark point-vos``: train on verified points, test on other videos."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from pipeline.commands.benchmark_plots import draw_objects
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
from schemas.checks import require_choice

if TYPE_CHECKING:
    from pipeline.point_vos.trials import Trial, TrialRunner


def point_vos(
    run: Run,
    ground_truth: GroundTruth,
    out: Out,
    learn: Annotated[
        list[str] | None,
        typer.Option(
            help="points, pseudo-masks, pseudo-masks-plain, masks or nothing; may be repeated.", show_default="points"
        ),
    ] = None,
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
    """Train on verified points and test on other videos, after the Point-VOS protocol.

    Every network is tested from the verified points of each object's first annotated frame, and from its true mask on
    the first frame that shows it. J and F are measured on the frames after that one, except the last; accuracy on the
    verified points after it. Networks that learn from masks use the same steps, clips and frames.

    Example:
      pointvos benchmark point-vos --run runs/davis --ground-truth DAVIS/Annotations/480p --out bench --leave-out 2
    """
    from pipeline.point_vos.trials import NOTHING, TrialRunner
    from stages.train.clip_pass import SUPERVISIONS

    kinds = list(dict.fromkeys(learn or ["points"]))
    settings = training_settings(
        size, device, steps=steps, batch=batch, between=between, views=views, capacity=capacity, precision=precision
    )
    try:
        for kind in kinds:
            require_choice("supervision", kind, (*SUPERVISIONS, NOTHING))
        runner = TrialRunner(require_points(run), ground_truth, out, settings, device)
        trials = run_trials(runner, kinds, leave_out, seeds)
    except (ValueError, FileNotFoundError) as problem:
        raise UsageProblem(str(problem)) from None
    report = report_of(trials)
    if json_file:
        write_json(json_file, report)
        scores = ((f"{trial.learn}, from {one.start}", one.j_and_f) for trial in trials for one in trial.objects)
        draw_objects(json_file, scores)
    _show(report)
    console.print(f"Masks for official evaluators: {out}/results/TRIAL/from-points and from-masks", markup=False)


def run_trials(runner: TrialRunner, kinds: Sequence[str], leave_out: int, seeds: int) -> list[Trial]:
    """All trials, the kinds of one fold and seed one after the other."""
    from pipeline.point_vos.trials import Trial

    folds = runner.folds(leave_out)
    asked = [Trial(kind, seed, fold) for seed in range(seeds) for fold in folds for kind in kinds]
    done = []
    with bar("Trials", len(asked)) as advance:
        for trial in asked:
            done.append(runner.run_trial(trial))
            advance(1)
            if not console.is_terminal:
                means = ", ".join(f"{done[-1].mean(start):.3f} from {start}" for start in ("points", "masks"))
                console.print(f"{trial.name}: J&F {means}", markup=False)
    return done


def report_of(trials: Sequence[Trial]) -> dict[str, Any]:
    """Means over objects, and their mean and deviation over seeds, by what was learned from."""
    kinds = list(dict.fromkeys(trial.learn for trial in trials))
    return {
        "learned from": {kind: _figures([t for t in trials if t.learn == kind]) for kind in kinds},
        "trials": [
            {
                "learn": trial.learn, "seed": trial.seed, "held_out": list(trial.held_out), "video_id": one.video_id,
                "object_id": one.object_id, "start": one.start, "J": one.j, "F": one.f,
            }
            for trial in trials for one in trial.objects
        ],
    }  # fmt: skip


def _figures(trials: Sequence[Trial]) -> dict[str, Any]:
    found: dict[str, Any] = {"seeds": len({trial.seed for trial in trials})}
    for start in ("points", "masks"):
        by_seed: dict[int, list[Any]] = {}
        for trial in trials:
            by_seed.setdefault(trial.seed, []).extend(one for one in trial.objects if one.start == start)
        means = {
            "J&F": [fmean(one.j_and_f for one in own) for own in by_seed.values()],
            "J": [fmean(one.j for one in own) for own in by_seed.values()],
            "F": [fmean(one.f for one in own) for own in by_seed.values()],
            "accuracy on points": [_accuracy(own) for own in by_seed.values()],
        }
        found[f"from {start}"] = {
            name: {"mean": fmean(values), "deviation": pstdev(values), "seeds": values}
            for name, values in means.items()
        }
    return found


def _accuracy(objects: Sequence[Any]) -> float:
    """Mean of foreground recall and background specificity over all points."""
    on, off = sum(one.n_on for one in objects), sum(one.n_off for one in objects)
    right = sum(one.n_on_right for one in objects), sum(one.n_off_right for one in objects)
    return float(right[0] / max(on, 1) + right[1] / max(off, 1)) / 2


def _show(report: dict[str, Any]) -> None:
    for start in ("points", "masks"):
        console.print(styled(f"From first-frame {start}", "bold"))
        table = Table(box=None, pad_edge=False)
        table.add_column("learned from", style="cyan")
        for name in ("J&F", "±", "J", "F", "accuracy on points", "of full masks"):
            table.add_column(name, justify="right")
        full = report["learned from"].get("masks")
        for kind, figures in report["learned from"].items():
            own = figures[f"from {start}"]
            share = "–" if full is None else f"{own['J&F']['mean'] / full[f'from {start}']['J&F']['mean']:.1%}"
            table.add_row(
                kind, f"{own['J&F']['mean']:.3f}", f"{own['J&F']['deviation']:.3f}",
                *(f"{own[name]['mean']:.3f}" for name in ("J", "F", "accuracy on points")), share,
            )  # fmt: skip
        console.print(table)
