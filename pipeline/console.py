"""What people read on the terminal: one console, summary tables, and problems that say what to do."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from schemas.rejects import Reject
from schemas.tables import ForeignTableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIPED_WIDTH = 240

console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
errors = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _PIPED_WIDTH)

REJECTED = 3
"""Exit code of a command that did its work but had to reject some input."""

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

SHOWN_REJECTS = 10
"""Rejects that are printed one by one."""


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
    except KeyboardInterrupt:
        errors.print("[bold]Interrupted.[/] Finished work is kept; the same command continues.", soft_wrap=True)
        raise SystemExit(INTERRUPTED) from None


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


def show_rejects(rejects: Sequence[Reject], where: str) -> None:
    """Print how many inputs were rejected for which reason, and the first of them; nothing without any.

    Args:
        rejects: all of them.
        where: a sentence that says where all of them can be read.
    """
    if not rejects:
        return
    reasons = Counter(f"{reject.error} ({reject.stage})" for reject in rejects)
    counts = ", ".join(f"{count:,} × {reason}" for reason, count in reasons.most_common())
    console.print(f"Rejected {len(rejects):,}: {counts}", style="yellow", markup=False, soft_wrap=True)
    for reject in _examples(rejects):
        console.print(f"  {reject.key}: {reject.error}: {reject.detail}", markup=False, soft_wrap=True)
    left = len(rejects) - SHOWN_REJECTS
    console.print(f"  … and {left:,} more; {where}" if left > 0 else f"  {where}", markup=False, soft_wrap=True)


def _examples(rejects: Sequence[Reject]) -> list[Reject]:
    """The first rejects, in order, those that are the first for their reason before the others."""
    first = {(reject.stage, reject.error): number for number, reject in reversed(list(enumerate(rejects)))}
    firsts = sorted(first.values())
    others = sorted(set(range(len(rejects))) - set(firsts))
    return [rejects[number] for number in sorted([*firsts, *others][:SHOWN_REJECTS])]
