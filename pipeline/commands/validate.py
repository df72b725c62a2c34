"""``pointvos validate``: does a dataset keep the rules of its format?"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated, Any

import typer

from pipeline.data_sets import DataSet, opened
from pipeline.runs.storage import run_path
from pipeline.terminal.console import console, styled
from schemas.wording import many


def validate(
    path: Annotated[
        Any,  # an AnyPath; Typer takes no unions
        typer.Argument(
            help="A run folder, an export, or files of another dataset; here or in a store (s3://, gs://).",
            parser=partial(run_path, what="dataset"),
            metavar="PATH",
        ),
    ],
    most: Annotated[int, typer.Option(min=1, help="Maximum problems shown per kind.")] = 3,
) -> None:
    """Check a dataset against every rule of its format.

    Run folders, every format that export writes and all hint formats that annotate reads are supported; the format is
    detected from the files. Everything is read: pictures are decoded, points must lie inside their frames, ids must be
    known, no video may be in two splits. A run in an object store is read there; other files are downloaded to a
    temporary folder first.

    Every problem names the file, the line, row or entry, the value, and what is expected. The first problems of each
    kind are shown, with the total number. The exit code is 1 if there are any problems.

    Example: `pointvos validate dataset`
    """
    with opened(path) as found:
        counts = _shown(found, most)
    for kind, n in counts.items():
        if n > most:
            console.print(f"… and {n - most:,} more: {kind}", soft_wrap=True)
    if counts:
        console.print(
            f"{many(counts.total(), 'problem')} of {many(len(counts), 'kind')} in {path} ({found.kind})", soft_wrap=True
        )
        raise typer.Exit(1)
    console.print(f"{path} follows all rules ({found.kind}).", soft_wrap=True)


def _shown(data_set: DataSet, most: int) -> Counter[str]:
    """Problems by kind, of which the first ``most`` are printed."""
    counts: Counter[str] = Counter()
    for problem in data_set.problems():
        counts[problem.kind] += 1
        if counts[problem.kind] <= most:
            console.print(styled("problem", "red"), f"{problem.where}: {problem.what}", soft_wrap=True)
    return counts
