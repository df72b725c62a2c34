"""``pointvos benchmark rounds``: simulated people in correction rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline.capacity.time_left import duration
from pipeline.commands import options
from pipeline.commands.benchmark_plots import draw_rounds
from pipeline.commands.models import require_models
from pipeline.config import RunConfig, load_config
from pipeline.kept_config import keep_config
from pipeline.runs.folder import RunFolder
from pipeline.simulation.corpus import true_videos
from pipeline.simulation.outcomes import Curve, VideoOutcome, outcome_of
from pipeline.simulation.rounds import STARTS, Session, SimulatedUser
from pipeline.simulation.verdicts import VerdictSession
from pipeline.terminal.bar import bar
from pipeline.terminal.console import REJECTED, UsageProblem, console, show_problems, styled
from pipeline.terminal.json_files import write_json
from schemas.checks import require_choice
from stages.arithmetic import use_one_thread_an_operation
from stages.simulate.annotator import SimulatedAnnotator
from stages.simulate.clicks import MOST_REGIONS, STRATEGIES
from stages.video.errors import DecodeError

N_ROUNDS = {"clicks": 8, "verdicts": 4}
"""By default, for each way to correct masks; the first hint counts as a round."""
SIMULATED = "simulated clicks"
"""Where the hints of the run come from, as its settings say."""
Json = Annotated[
    Path | None,
    typer.Option(
        "--json",
        help="Also write the figures to this file, and a plot of them beside it (.png).",
        show_default=False,
        callback=options.on_this_machine,
    ),
]
GroundTruth = Annotated[
    Path, typer.Option(help="Folder of true masks: VIDEO_ID/FRAME.png.", show_default=False, exists=True)
]


def rounds(
    videos: options.Videos,
    ground_truth: GroundTruth,
    run: Annotated[
        RunFolder,
        typer.Option(
            parser=RunFolder.parse,
            metavar="DIR",
            help="Where the rounds are kept; the same command continues an interrupted one.",
        ),
    ],
    clicks: Annotated[
        str,
        typer.Option(
            help="How the simulated user clicks: f3 in the middle of each wrong region, f2 once per scribble, f1 once "
            "for all scribbles, realistic off-centre, as people do."
        ),
    ] = "f3",
    given: Annotated[
        str,
        typer.Option("--by", help="What corrects masks: clicks, or verdicts on candidates where masks are in doubt."),
    ] = "clicks",
    start: Annotated[str, typer.Option(help="First hint on every object: click, box, trace or scribble.")] = "click",
    n_rounds: Annotated[
        int | None,
        typer.Option(
            "--rounds", min=1, help="Number of rounds, including the first hint.", show_default="8, by verdicts 4"
        ),
    ] = None,
    most_clicks: Annotated[int, typer.Option(min=1, help="Maximum clicks per object and round.")] = MOST_REGIONS,
    segmenter: options.Segmenter = None,
    propagator: options.Propagator = None,
    repair: options.Repair = None,
    device: options.Device = None,
    seed: Annotated[int, typer.Option(help="Seed of realistic clicks, traces and wrong answers.", min=0)] = 0,
    json_file: Json = None,
) -> None:
    """Measure correction rounds: a simulated person looks at masks and corrects them.

    Round 1 is one hint on every object (`--start`). In every later round the frame with the lowest J&F is corrected
    with clicks where its masks are wrong, and propagated to the frames between the corrected ones, as `pointvos studio`
    does. With `--by verdicts` nobody clicks: the open candidates of up to 10 frames per object are answered (2 % wrong,
    with a second look), and masks are corrected by the answers, as `pointvos refine` does.

    The run folder holds every round and can be opened like any other. R-AUC-J&F is the area under J&F over rounds
    (0.944 would be perfect for eight); seconds are human work according to the cost model in the docs.

    Example:
      pointvos benchmark rounds DAVIS/JPEGImages/480p --ground-truth DAVIS/Annotations/480p --run runs/rounds
    """
    try:
        require_choice("click strategy", clicks, tuple(STRATEGIES))
        require_choice("way to correct", given, tuple(N_ROUNDS))
        require_choice("start", start, STARTS)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    n_rounds = n_rounds or N_ROUNDS[given]
    hints = f"simulated {start}s" + (", then verdicts" if given == "verdicts" else "")
    config = simulated_config(videos, segmenter, propagator, repair, device, hints)
    found, problems = true_videos(videos, ground_truth)
    run.create()
    with run.lock(), run.tidied():
        keep_config(run, config)
        user = SimulatedUser(clicks, most_clicks, seed, start)
        annotator = SimulatedAnnotator(seed=seed)
        at = run.absolute()
        sessions: list[Session] = [
            Session(at, config, one.file, one.truth, user)
            if given == "clicks"
            else VerdictSession(at, config, one.file, one.truth, user, annotator=annotator)
            for one in found
        ]
        outcomes = played(sessions, n_rounds, problems)
    if not outcomes:
        raise UsageProblem(f"no video could be measured; {problems[0]}")
    curve, by = Curve.of(outcomes, n_rounds), f"{clicks} clicks" if given == "clicks" else "verdicts"
    if json_file:
        write_json(json_file, _report(by, curve, outcomes, problems))
        draw_rounds(json_file, curve, outcomes, by)
    _show(curve, outcomes, by)
    show_problems("rejected", problems)
    if problems:
        raise typer.Exit(REJECTED)


def simulated_config(
    videos: str,
    segmenter: str | None,
    propagator: str | None,
    repair: bool | None,
    device: str | None,
    hints: str = SIMULATED,
) -> RunConfig:
    """The settings of a run that simulated people work on, in this process alone."""
    settings: dict[str, Any] = {
        "videos": videos, "localizations": hints, "models.segmenter": segmenter, "models.propagator": propagator,
        "repair.enabled": repair, "compute.device": device, "compute.workers": 1, "compute.threads": 1,
    }  # fmt: skip
    config = load_config(None, settings)
    require_models([config.models.segmenter, config.models.propagator])
    use_one_thread_an_operation()
    return config


def played(sessions: Sequence[Session], n_rounds: int, problems: list[str]) -> list[VideoOutcome]:
    """The outcome of every video; one that fails is named among the problems, and the others go on."""
    outcomes = []
    with bar("Rounds", n_rounds * len(sessions)) as advance:
        for session in sessions:
            try:
                for _ in session.play(n_rounds):
                    advance(1)
                outcomes.append(outcome_of(session))
            except (ValueError, DecodeError) as problem:
                problems.append(f"{session.file.video_id}: {problem}")
    return outcomes


def _report(by: str, curve: Curve, outcomes: Sequence[VideoOutcome], problems: Sequence[str]) -> dict[str, Any]:
    return {
        "by": by,
        "measures": curve.measures() | {"seconds an answer": curve.seconds_an_answer()},
        "rounds": curve.rows(),
        "videos": [asdict(one) for one in outcomes],
        "rejected": list(problems),
    }


def _show(curve: Curve, outcomes: Sequence[VideoOutcome], by: str) -> None:
    console.print(styled(f"J&F after each round, {by}", "bold"))
    table = Table(box=None, pad_edge=False)
    table.add_column("video", style="cyan", overflow="fold")
    for number in range(1, len(curve.scores) + 1):
        table.add_column(str(number), justify="right")
    for one in outcomes:
        table.add_row(one.video_id, *(f"{found.j_and_f:.3f}" for found in one.rounds))
    table.add_section()
    table.add_row("mean", *(f"{score:.3f}" for score in curve.scores), style="bold")
    table.add_row(f"{by.rpartition(' ')[2]} per object", *(f"{count:.1f}" for count in curve.given))
    table.add_row("seconds per object", *(f"{end:.0f}" for end in curve.ends_s))
    console.print(table)
    figures = ", ".join(f"{name} {value:.3f}" for name, value in curve.measures().items())
    console.print(
        f"{figures}; human work: {duration(curve.ends_s[-1])} per object, "
        f"{curve.seconds_an_answer():.1f} s per {'verified point' if by == 'verdicts' else 'click'}"
    )
