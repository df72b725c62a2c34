"""``pointvos compact``: the many small files of a large run become few."""

from __future__ import annotations

from pipeline.commands.options import Run
from pipeline.runs.folder import UNIT_TABLES
from pipeline.runs.joining import join_table
from pipeline.terminal.bar import bar
from pipeline.terminal.console import summary
from schemas import tables
from schemas.wording import many

_JOINED = (*UNIT_TABLES, tables.POINTS, tables.VIDEOS)
"""The commit marks last: what is joined is that of marked videos."""


def compact(run: Run) -> None:
    """Join the small files of a run's tables into files of about 128 MB.

    `annotate` and `merge` write one file for each video and table, which is slow to list and to copy in a run of
    thousands of videos. All commands read joined files like small ones, and `annotate` continues with new small files;
    join those later with the same command. The command can be interrupted and repeated at any time.

    Example: `pointvos compact --run runs/first`
    """
    folder = run.require()
    rows: list[tuple[str, object]] = []
    with folder.lock(), bar("Joining files", len(_JOINED)) as advance:
        folder.remove_leftovers()
        done = set(tables.VIDEOS.stems(folder.path))
        for table in _JOINED:
            before, after = join_table(folder.path, table, done)
            rows += [(table.name, f"{many(before, 'file')} → {after:,}")] if before else []
            advance(1)
    summary(f"Joined files of {run}", rows)
