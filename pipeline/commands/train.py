"""``pointvos train``: make the small learned parts that the project ships."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.terminal.console import summary

train_app = typer.Typer(help="Train the small learned parts that the project ships.", no_args_is_help=True)


@train_app.callback()
def _group() -> None:
    """Keep ``train combiner`` a sub-command while it is the only one."""


@train_app.command()
def combiner(
    out: Annotated[Path, typer.Option(help="Where to write the weights.")],
    seed: Annotated[int, typer.Option(help="Seed of the data and of the training.")] = 0,
    images: Annotated[int, typer.Option(help="Composite images to generate.", min=10)] = 600,
) -> None:
    """Train the embedded segmenter's cue combiner on composites that it generates itself.

    The same seed and number of images give the same file.

    Example:
      pointvos train combiner --out combiner.npz
    """
    from stages.backends.embedded.training.combiner import train_combiner

    metrics = train_combiner(out, seed=seed, n_images=images)
    summary("Trained the cue combiner", [*metrics.items(), ("written to", out)])
