"""What people read on the terminal: one console, summary tables, and problems that say what to do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from schemas.tables import ForeignTableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIPED_WIDTH = 240

console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
errors = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _PIPED_WIDTH)

REJECTED = 3
"""Exit code of a command that did its work but had to reject some input."""


class UsageProblem(Exception):
    """The command cannot start as it was asked; the message is one sentence that says what to do. Exit code 2."""


class WorkProblem(Exception):
    """The command had to stop half-way; the message says what is safe and what to do. Exit code 1."""


@contextmanager
def named_problems() -> Iterator[None]:
    """Print a problem as one sentence and leave with its exit code, without a traceback."""
    try:
        yield
    except (UsageProblem, ForeignTableError) as problem:
        errors.print(f"[bold red]Error:[/] {_plain(str(problem))}", soft_wrap=True)
        raise SystemExit(2) from None
    except WorkProblem as problem:
        errors.print(f"[bold red]Stopped:[/] {_plain(str(problem))}", soft_wrap=True)
        raise SystemExit(1) from None


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def summary(title: str, rows: Sequence[tuple[str, object]]) -> None:
    """Print a two-column table; numbers are set with thousands separators."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, _plain(f"{value:,}" if isinstance(value, int) else str(value)))
    console.print(f"[bold]{_plain(title)}[/]", soft_wrap=True)
    console.print(table)
