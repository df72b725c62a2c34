"""Commands that must not do the same thing to a run at the same time, and wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem, console
from schemas.file_locks import waiting_lock
from verification_ui.server.credentials import private_folder


@contextmanager
def one_at_a_time(run: RunFolder, act: str, is_told: bool = True) -> Iterator[None]:
    """Hold the lock ``<act>.lock`` in the review folder of a run; it goes with the process, however it ends.

    For a run in a store, the same act of other machines is waited for as well.

    Args:
        run: the run.
        act: what is done, as an infinitive: ``push``, ``pull``.
        is_told: say so when another command is waited for.
    """
    try:
        path = private_folder(run.local / "review") / f"{act}.lock"
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None

    def tell_waiting() -> None:
        if is_told:
            console.print(f"Another command is running {act} on this run; waiting …")

    with waiting_lock(path, tell_waiting), run.turn(act):
        yield
