"""``pointvos provenance``: where the videos come from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Run, on_this_machine
from pipeline.runs.provenance import keep_provenance, listed_provenance, provenance_of
from pipeline.runs.ranges import video_keys
from pipeline.terminal.console import show_problems, summary
from schemas import tables
from schemas.provenance import UNKNOWN


def provenance(
    run: Run,
    given: Annotated[
        Path | None,
        typer.Option(
            "--list",
            help="CSV with the columns video, source, licence and url; without it, show what is recorded.",
            metavar="FILE",
            callback=on_this_machine,
        ),
    ] = None,
) -> None:
    """Record the source and the licence of the videos of a run.

    Writes the table `provenance/`. A later list replaces earlier entries for the same videos. Missing information stays
    unknown and is never guessed. Exports of points include it: `videos.csv` has one line per video, and the dataset
    card counts the licences. `pointvos split` keeps videos with the same URL together.

    Example: `pointvos provenance --run runs/demo --list videos.csv`
    """
    folder = run.require()
    unknown: list[str] = []
    with folder.lock():
        video_ids = {key.video_id for key in video_keys(folder)}
        known = provenance_of(folder)
        if given:
            stated, unknown = listed_provenance(given, video_ids)
            known = keep_provenance(folder, stated)
    licences = Counter(known[name].licence if name in known else UNKNOWN for name in video_ids)
    rows = [(f"licence {licence}", n) for licence, n in licences.most_common(10)]
    summary(
        f"Provenance of {run}", [("videos", len(video_ids)), *rows, ("table", folder.path / tables.PROVENANCE.name)]
    )
    show_problems("not in the run:", unknown)
