"""``pointvos --version``: what to name in a report of a problem."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import typer


def show_versions(wanted: bool) -> None:
    """Print the versions and end the command, if they are wanted. Torch is looked up, not imported: that is slow."""
    if wanted:
        typer.echo(f"pointvos {_installed('pointvos')}")
        typer.echo(f"Python {platform.python_version()}")
        typer.echo(f"torch {_installed('torch')}")
        raise typer.Exit


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
