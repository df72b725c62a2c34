"""The ``pointvos`` command. Every sub-command lives in the module of its name."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands.annotate import annotate
from pipeline.commands.doctor import doctor
from pipeline.commands.evaluate import evaluate
from pipeline.commands.export import export
from pipeline.commands.merge import merge
from pipeline.commands.models import models_app
from pipeline.commands.plan import plan
from pipeline.commands.report import report
from pipeline.commands.review.app import review_app
from pipeline.commands.simulate import simulate
from pipeline.commands.train import train_app
from pipeline.terminal.console import named_problems
from pipeline.version import show_versions

app = typer.Typer(
    name="pointvos",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn videos and rough object hints into a human-verified, point-supervised VOS dataset.\n\n"
    "The way: **annotate** → **review** (people) or **simulate** (ground truth) → **merge** → **export**. "
    "All results stand in one run folder; **report** shows them.",
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


app.command(context_settings={"allow_extra_args": True})(annotate)
app.command()(plan)
app.add_typer(review_app, name="review")
for command in (merge, export, evaluate, simulate, report, doctor):
    app.command()(command)
app.add_typer(models_app, name="models")
app.add_typer(train_app, name="train")


def main() -> None:
    """Run the command line; the entry point of the ``pointvos`` script."""
    with named_problems():
        app()
