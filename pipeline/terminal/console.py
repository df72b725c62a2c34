"""What people read on the terminal: one console, summary tables, and problems that say what to do."""

from __future__ import annotations

import re
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.terminal.problems import sentence_of
from schemas.rejects import Reject
from schemas.tables import TableSchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIPED_WIDTH = 240
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class _PlainConsole(Console):
    """A console that shows strings as they are: ids and paths may hold ``[/b]``, ``:smile:`` or control characters.

    No string is markup here; what has a style is a :class:`rich.text.Text`, see :func:`styled`.
    """

    def __init__(self, file: Any, **options: Any) -> None:
        width = None if file.isatty() else _PIPED_WIDTH
        super().__init__(highlight=False, markup=False, emoji=False, width=width, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


def visible(text: str) -> str:
    r"""Text without characters that a terminal obeys or cannot show.

    >>> visible("a\x1b[31m")
    'a\\x1b[31m'
    """
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def quoted(path: object) -> str:
    """A path as a word of a command that people copy.

    >>> quoted("runs/first"), quoted("my runs/first")
    ('runs/first', "'my runs/first'")
    """
    return shlex.quote(str(path))


def styled(text: object, style: str) -> Text:
    """Any text in a style, such as ``bold red``; nothing in it is markup."""
    return Text(visible(str(text)), style)


console = _PlainConsole(sys.stdout)
errors = _PlainConsole(sys.stderr, stderr=True)

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
    except (UsageProblem, TableSchemaError) as problem:
        _print_problem("Error:", str(problem))
        raise SystemExit(2) from None
    except WorkProblem as problem:
        _print_problem("Stopped:", str(problem))
        raise SystemExit(1) from None
    except Exception as problem:
        if (sentence := sentence_of(problem)) is None:
            raise
        _print_problem("Stopped:", sentence)
        raise SystemExit(1) from None
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            _tell_interruption()
        raise


def _tell_interruption() -> None:
    _print_problem("Interrupted.", "Finished work is kept; run the same command again to continue.", "bold")


def _print_problem(heading: str, sentence: str, style: str = "bold red") -> None:
    errors.print(Text.assemble((heading, style), " ", visible(sentence)), soft_wrap=True)


def summary(title: str, rows: Sequence[tuple[str, object]]) -> None:
    """Print a two-column table; numbers are set with thousands separators."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    console.print(styled(title, "bold"), soft_wrap=True)
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
    console.print(styled(f"Rejected {len(rejects):,}: {counts}", "yellow"), soft_wrap=True)
    for reject in _examples(rejects):
        detail = reject.detail.removeprefix(f"{reject.error}: ")
        console.print(f"  {reject.key}: {reject.error}: {detail}", soft_wrap=True)
    left = len(rejects) - SHOWN_REJECTS
    console.print(f"  … and {left:,} more; {where}" if left > 0 else f"  {where}", soft_wrap=True)


def show_problems(what: str, problems: Sequence[str]) -> None:
    """Print the first problems, each after a word such as ``rejected``, and how many more there are."""
    for line in problems[: 2 * SHOWN_REJECTS]:
        console.print(f"{what} {line}", soft_wrap=True)
    if (left := len(problems) - 2 * SHOWN_REJECTS) > 0:
        console.print(f"… and {left:,} more")


def _examples(rejects: Sequence[Reject]) -> list[Reject]:
    """The first rejects, in order, those that are the first for their reason before the others."""
    first = {(reject.stage, reject.error): number for number, reject in reversed(list(enumerate(rejects)))}
    firsts = sorted(first.values())
    others = sorted(set(range(len(rejects))) - set(firsts))
    return [rejects[number] for number in sorted([*firsts, *others][:SHOWN_REJECTS])]
