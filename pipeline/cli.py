"""The ``pointvos`` command. Every sub-command lives in the module of its name."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline.lazy_commands import LazyCommand, LazyGroup
from pipeline.version import show_versions

COMMANDS = {
    "annotate": LazyCommand(
        "pipeline.commands.annotate",
        "annotate",
        "Turn videos and rough hints into pseudo-masks and point candidates.",
        takes_more=True,
    ),
    "studio": LazyCommand(
        "pipeline.commands.studio",
        "studio",
        "Click on objects, watch and correct their masks, on one page in the browser.",
    ),
    "plan": LazyCommand(
        "pipeline.commands.plan",
        "plan",
        "Estimate the time, memory and disk of `annotate` with the same options. Nothing is run or written.",
    ),
    "resample": LazyCommand(
        "pipeline.commands.resample",
        "resample",
        "Draw new candidates of a run from its masks: another number, other frames or another seed.",
        takes_more=True,
    ),
    "review": LazyCommand(
        "pipeline.commands.review.app", "review_app", "Let people confirm or correct the candidates in Label Studio."
    ),
    "merge": LazyCommand(
        "pipeline.commands.merge",
        "merge",
        "Join verdicts and candidates into **points**, the training dataset.",
        takes_more=True,
    ),
    "split": LazyCommand(
        "pipeline.commands.split",
        "split",
        "Divide the videos of a run into train, val and test; near-duplicates stay together.",
        takes_more=True,
    ),
    "refine": LazyCommand(
        "pipeline.commands.refine",
        "refine",
        "Correct masks from verified points, clicks and studio corrections, and propagate each correction.",
        takes_more=True,
    ),
    "suggest": LazyCommand(
        "pipeline.commands.suggest",
        "suggest",
        "List the frames most worth checking, and how: **points**, **click** or **absent**.",
    ),
    "provenance": LazyCommand(
        "pipeline.commands.provenance",
        "provenance",
        "Record the source and the licence of the videos of a run.",
    ),
    "export": LazyCommand("pipeline.commands.export", "export", "Write the dataset of a run.", takes_more=True),
    "validate": LazyCommand(
        "pipeline.commands.validate",
        "validate",
        "Check a dataset against every rule of its format.",
    ),
    "evaluate": LazyCommand(
        "pipeline.commands.evaluate", "evaluate", "Measure a run against ground truth.", takes_more=True
    ),
    "evaluate-results": LazyCommand(
        "pipeline.commands.evaluate_results",
        "evaluate_results",
        "Measure results of referring video segmentation: J, F and their mean for every expression.",
    ),
    "simulate": LazyCommand(
        "pipeline.commands.simulate",
        "simulate",
        "Answer the candidates from ground truth, as a person with a small error rate would.",
    ),
    "benchmark": LazyCommand(
        "pipeline.commands.benchmark",
        "benchmark_app",
        "Measure models and rounds of correction against ground truth.",
    ),
    "report": LazyCommand(
        "pipeline.commands.report",
        "report",
        "Write one HTML page about a run: `report/index.html`, frames that need attention first.",
    ),
    "stats": LazyCommand(
        "pipeline.commands.stats",
        "stats",
        "Show statistics of a run: points, frames, answers, mask sizes, point positions, pace, agreement.",
    ),
    "render": LazyCommand(
        "pipeline.commands.render",
        "render",
        "Write overlay videos: masks, points and verdicts drawn on the frames, with a quality strip below.",
    ),
    "compact": LazyCommand(
        "pipeline.commands.compact", "compact", "Join the small files of a run's tables into files of about 128 MB."
    ),
    "doctor": LazyCommand(
        "pipeline.commands.doctor",
        "doctor",
        "Show what works here: versions, models and checkpoints, GPU, the review server, ports, memory and disk.",
    ),
    "models": LazyCommand(
        "pipeline.commands.models",
        "models_app",
        "List, fetch and check the weights of models. The embedded models need none.",
    ),
    "study": LazyCommand(
        "pipeline.commands.study",
        "study",
        "Study supervision: train on fewer points and frames of a run and test on other videos.",
    ),
    "train": LazyCommand(
        "pipeline.commands.train",
        "train_app",
        "Train models on your own pictures, or on the verified points of a run.",
    ),
}


class PointvosGroup(LazyGroup):
    """All sub-commands."""

    table = COMMANDS


app = typer.Typer(
    cls=PointvosGroup,
    name="pointvos",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn videos and rough object hints into a human-verified, point-supervised VOS dataset.\n\n"
    "Workflow: **annotate** → **review** (people) or **simulate** (ground truth) → **merge** → **export**. "
    "All results are in one run folder; **report** shows them.",
)


@app.callback()
def pointvos(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the versions of pointvos, Python and torch.", callback=show_versions, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that stand before a sub-command."""


def _require_text(words: list[str]) -> None:
    """Refuse names that no table and no library could hold; Python keeps their bytes as lone surrogates."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            from pipeline.terminal.console import UsageProblem

            encoding = sys.getfilesystemencoding()
            raise UsageProblem(f"{word!r} is not {encoding} text; rename the file, e.g. with convmv") from None


def main() -> None:
    """Run the command line; the entry point of the ``pointvos`` script."""
    try:
        _require_text(sys.argv[1:])
        if "--" in sys.argv:
            from pipeline.runs.stores import use_options

            use_options(sys.argv[sys.argv.index("--") + 1 :])
        app()
    except (Exception, SystemExit) as ended:
        if isinstance(ended, SystemExit) and not ended.code:
            raise
        from pipeline.terminal.console import named_problems  # needs what help does without

        with named_problems():
            raise
