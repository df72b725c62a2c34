"""``pointvos benchmark``: the models and the way of annotating measured against ground truth."""

from __future__ import annotations

import typer

from pipeline.lazy_commands import LazyCommand, LazyGroup

BENCHMARKS = {
    "rounds": LazyCommand(
        "pipeline.commands.benchmark_rounds",
        "rounds",
        "Measure correction rounds: a simulated person clicks, looks, and corrects the worst frame.",
    ),
    "clickvos": LazyCommand(
        "pipeline.commands.benchmark_clickvos",
        "clickvos",
        "Measure masks from one click per object in the first frame, after the ClickVOS protocol.",
    ),
    "point-vos": LazyCommand(
        "pipeline.commands.benchmark_point_vos",
        "point_vos",
        "Train on verified points and test on other videos, after the Point-VOS protocol.",
    ),
}


class BenchmarkGroup(LazyGroup):
    """All benchmarks."""

    table = BENCHMARKS


benchmark_app = typer.Typer(
    cls=BenchmarkGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Measure models and rounds of correction against ground truth.",
)


@benchmark_app.callback()
def _group() -> None:
    """Keep the group where it has one sub-command only."""
