"""``pointvos report``: one page that shows a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.run_folder import RunFolder


def report(run: Annotated[Path, typer.Option("--run", help="Run folder.", show_default=False)]) -> None:
    """Write one self-contained HTML page about a run: `report/index.html`.

    Example: `pointvos report --run runs/demo`
    """
    RunFolder(run).require()
