"""Progress of work whose steps are counted: a bar on a terminal, elsewhere a line twice a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.capacity.time_left import duration
from pipeline.terminal.console import console

_LINE_EVERY_S = 30.0


@contextmanager
def bar(what: str, total: int, *, prints_lines: bool = True) -> Iterator[Callable[[int], None]]:
    """Show ``what`` while the block runs; call what it gives with the number of steps done since.

    Args:
        what: is done.
        total: steps.
        prints_lines: where there is no terminal; false for work that prints lines of its own.
    """
    if not console.is_terminal:
        yield _lines(what, total) if prints_lines else lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield partial(progress.advance, progress.add_task(what, total=total))


def _lines(what: str, total: int) -> Callable[[int], None]:
    begun = last = time.monotonic()
    done, lock = 0, Lock()

    def advance(steps: int) -> None:
        nonlocal done, last
        with lock:
            done += steps
            now = time.monotonic()
            if now - last < _LINE_EVERY_S or not 0 < done < total:
                return
            last = now
            left = duration((total - done) * (now - begun) / done)
            console.print(f"{what}: {done:,} of {total:,}, ETA {left}")

    return advance
