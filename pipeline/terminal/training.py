"""Progress of a training: a bar on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from pipeline.capacity.time_left import duration
from pipeline.terminal.console import console

_LINE_EVERY_S = 10.0


def training_progress(steps: int, advance: Callable[[int], None], figures: str) -> Callable[..., None]:
    """What a training calls after every step, with the step's number and its figures.

    Args:
        steps: of the whole training; one that is continued begins at a later step.
        advance: moves the bar by so many steps.
        figures: how the figures are shown, such as ``"loss {:.3f}"``.
    """
    begun = last = time.monotonic()
    before: int | None = None

    def show(step: int, *values: float) -> None:
        nonlocal before, last
        advance(1 if before is not None else step)
        before = step - 1 if before is None else before
        now = time.monotonic()
        if console.is_terminal or (now - last < _LINE_EVERY_S and step < steps):
            return
        last = now
        left = duration((steps - step) * (now - begun) / (step - before))
        console.print(f"step {step:,} of {steps:,}, {figures.format(*values)}, ETA {left}")

    return show
