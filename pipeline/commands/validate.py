"""``pointvos validate``: does a data set keep the rules of its format?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import on_this_machine
from pipeline.data_sets import recognised
from pipeline.terminal.console import console, styled


def validate(
    path: Annotated[
        Path,
        typer.Argument(help="A run folder, an export, or files of another data set.", callback=on_this_machine),
    ],
    most: Annotated[int, typer.Option(min=1, help="Problems of one kind that are shown.")] = 3,
) -> None:
    """Check a data set against every rule of its format.

    Known are run folders, Point-VOS JSON with its pictures, Parquet files of points, folders for the Hugging Face hub,
    WebDataset, COCO, YouTube-VIS, YouTube-VOS and DAVIS; which it is shows in the files. Everything is read: pictures
    are decoded, points must lie inside their frames, ids must be known, no video may be in two splits.

    Every problem names the file, the line, row or entry, the value, and what is right. Of each kind of problem the
    first ones are shown, and how many there are. The exit code is 1 when there are any.

    Example: `pointvos validate dataset`
    """
    found = recognised(path)
    counts: Counter[str] = Counter()
    for problem in found.problems():
        counts[problem.kind] += 1
        if counts[problem.kind] <= most:
            console.print(styled("problem", "red"), f"{problem.where}: {problem.what}", soft_wrap=True)
    for kind, n in counts.items():
        if n > most:
            console.print(f"… and {n - most:,} more: {kind}", soft_wrap=True)
    if counts:
        console.print(f"{counts.total():,} problems of {len(counts):,} kinds in {path} ({found.kind})", soft_wrap=True)
        raise typer.Exit(1)
    console.print(f"{path} keeps all rules ({found.kind}).", soft_wrap=True)
