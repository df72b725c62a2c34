"""The part of ``pointvos plan`` that plans human work: what a number of hours achieves."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.commands.options import on_this_machine
from pipeline.config import RunConfig
from pipeline.simulation.trial import Trial
from pipeline.terminal.console import UsageProblem, console, styled
from pipeline.terminal.plot import Axes, draw_lines
from schemas.whole_files import write_whole
from schemas.wording import many
from stages.simulate.cost import POLYGON_S, SAM2_FRAME_S, VERIFY_S
from stages.simulate.mixes import BudgetOutcome, Mix, best_masks, efficient, most_points, purchases

Budget = Annotated[
    float | None,
    typer.Option(help="Plan this many hours of human work on these objects.", min=0.001, metavar="HOURS"),
]
GroundTruth = Annotated[
    Path | None,
    typer.Option(
        help="With --budget: ground-truth masks of VIDEOS, to try the mixes on them; takes as long as correcting them "
        "eight times.",
        exists=True,
    ),
]
Mixes = Annotated[
    Path | None,
    typer.Option(
        help="With --budget: a file that keeps tried mixes: written with --ground-truth, else read. Without both, "
        "mixes that were tried on other videos are used.",
        callback=on_this_machine,
    ),
]
Plot = Annotated[
    Path | None, typer.Option(help="With --budget: write J&F against seconds to this PNG.", callback=on_this_machine)
]
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class BudgetRequest:
    """What was asked of the plan.

    Attributes:
        hours: of human work.
        ground_truth: to try the mixes on, or None.
        mixes: file of tried mixes, or None.
        plot: PNG to write, or None.
    """

    hours: float
    ground_truth: Path | None
    mixes: Path | None
    plot: Path | None


def budget_facts(asked: BudgetRequest, config: RunConfig, n_objects: int) -> dict[str, Any]:
    """What every efficient mix buys, and the best ones.

    Raises:
        UsageProblem: there is no object, or the file of tried mixes cannot be used.
    """
    if not n_objects:
        raise UsageProblem("nothing to plan: every video is done, or none has hints")
    trial = _trial(asked, config)
    bought = purchases(efficient(trial.mixes), 3600 * asked.hours, n_objects)
    if not any(one.objects for one in bought):
        least = min(one.mix.seconds for one in bought)
        raise UsageProblem(
            f"{asked.hours:g} hours are not enough for one object; it takes {least:.0f} seconds at least"
        )
    if asked.plot:
        _draw(asked.plot, trial.mixes, 3600 * asked.hours / n_objects)
    return {
        "hours": asked.hours,
        "objects": n_objects,
        "seconds_an_object": 3600 * asked.hours / n_objects,
        "measured_on": trial.measured_on,
        "measured_at": trial.date,
        "is_stored": not (asked.ground_truth or asked.mixes),
        "mixes": [_row(one) for one in bought],
        "best_masks": _row(best_masks(bought)),
        "most_points": _row(most_points(bought)),
    }


def _trial(asked: BudgetRequest, config: RunConfig) -> Trial:
    if asked.ground_truth:
        trial = _tried_now(asked.ground_truth, config)
        if asked.mixes:
            write_whole(asked.mixes, trial.to_json().encode())
        return trial
    if asked.mixes is None:
        return Trial.stored()
    try:
        return Trial.from_json(asked.mixes.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageProblem(f"cannot use tried mixes of {asked.mixes}: {problem}") from None


def _tried_now(ground_truth: Path, config: RunConfig) -> Trial:
    from pipeline.commands.benchmark_rounds import played, simulated_config
    from pipeline.kept_config import keep_config
    from pipeline.runs.folder import RunFolder
    from pipeline.simulation.budget import try_mixes  # needs the models' packages
    from pipeline.simulation.corpus import true_videos
    from pipeline.simulation.rounds import Session, SimulatedUser

    found, problems = true_videos(config.videos, ground_truth)
    models = config.models
    alone = simulated_config(
        config.videos, models.segmenter, models.propagator, config.repair.enabled, config.compute.device
    )
    with tempfile.TemporaryDirectory(prefix="budget-") as folder:
        run = RunFolder(Path(folder) / "run")
        run.create()
        keep_config(run, alone)
        sessions = [Session(run, alone, one.file, one.truth, SimulatedUser()) for one in found]
        done = {one.video_id for one in played(sessions, _ROUNDS, problems)}
        sessions = [one for one in sessions if one.file.video_id in done]
        if not sessions:
            raise UsageProblem(f"no video could be tried; {problems[0]}")
        mixes = try_mixes(sessions)
    names = ", ".join(sorted(done))
    where = f"{many(len(done), 'video')} ({names}), {models.segmenter} and {models.propagator}"
    return Trial(where, datetime.now(UTC).date().isoformat(), tuple(mixes))


def _row(one: BudgetOutcome) -> dict[str, Any]:
    return {**asdict(one.mix), "objects": one.objects, "all_verified": one.verified}


def show_budget(facts: Mapping[str, Any]) -> None:
    """Print what :func:`budget_facts` found."""
    hours, each = facts["hours"], facts["seconds_an_object"]
    console.print(
        styled(f"{hours:g} hours of human work on {many(facts['objects'], 'object')}, {each:.0f} s each", "bold")
    )
    table = Table(box=None, pad_edge=False)
    columns = ("rounds", "frames", "points", "s per object", "J&F", "verified points", "right", "objects", "in all")
    for name in columns:
        table.add_column(name, justify="right")
    for one in facts["mixes"]:
        shown = (
            str(one["rounds"]), str(one["frames"]), str(one["points"]), f"{one['seconds']:.0f}",
            f"{one['j_and_f']:.3f}", f"{one['verified']:.0f}", f"{one['right']:.1%}", f"{one['objects']:,}",
            f"{one['all_verified']:,.0f}",
        )  # fmt: skip
        is_best = one in (facts["best_masks"], facts["most_points"])
        table.add_row(*shown, style="bold green" if is_best else None)
    console.print(table)
    console.print(f"Best masks: {_sentence(facts['best_masks'])}")
    console.print(f"Most verified points: {_sentence(facts['most_points'])}")
    when = f", {facts['measured_at']}" if facts["measured_at"] else ""
    if facts["is_stored"]:
        console.print(
            styled("These mixes were tried on videos other than yours.", "yellow"),
            "Mask quality depends on the videos: try the mixes on some of yours with --ground-truth MASKS.",
            soft_wrap=True,
        )
    console.print(
        f"Tried on: {facts['measured_on']}{when}. Rounds include the first click; frames are verified per object, "
        f"points per object and frame, at {VERIFY_S:g} s per point. For comparison, per frame: a polygon takes "
        f"{POLYGON_S:.0f} s, a correction with SAM 2 {SAM2_FRAME_S:g} s.",
        soft_wrap=True,
    )


def _sentence(one: Mapping[str, Any]) -> str:
    return (
        f"{many(one['rounds'], 'round')} of clicks, then {many(one['frames'], 'frame')} with "
        f"{many(one['points'], 'point')} each: {one['seconds']:.0f} s per object, "
        f"{many(one['objects'], 'object')}, J&F {one['j_and_f']:.3f}, "
        f"{one['all_verified']:,.0f} points"
    )


def _draw(path: Path, mixes: tuple[Mix, ...], seconds: float) -> None:
    kinds = sorted({(one.frames, one.points) for one in mixes})
    lines = {
        f"{many(frames, 'frame')}, {many(points, 'point')}": [
            (one.seconds, one.j_and_f)
            for one in sorted(mixes, key=lambda one: one.rounds)
            if (one.frames, one.points) == (frames, points)
        ]
        for frames, points in kinds
    }
    title = "Mask quality by human work: rounds of clicks, then points"
    draw_lines(path, lines, Axes(title, "seconds of work per object (line: the budget)", "J&F", seconds))
