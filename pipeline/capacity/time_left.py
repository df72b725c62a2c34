"""How long a run still takes, from what was planned and what its first frames really took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_TRUST_S = 10.0
"""The plan counts like so many planned seconds that took as long as planned: a few frames do not overturn it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run, such as segmenting, with all its work on all workers.

    Attributes:
        planned_s: seconds that all of its work was planned to take.
        done_s: planned seconds of the work that is done.
        taken_s: seconds that this work really took.
    """

    planned_s: float
    done_s: float
    taken_s: float


def seconds_left(stages: Mapping[str, Stage], at_once: int = 1) -> float:
    """Seconds until the end, with every stage as much slower than planned as it was so far.

    A stage that has not begun is taken to be as much slower as the others, for the machine is the same.

    Args:
        stages: by name.
        at_once: workers among whom the work is spread.

    >>> slow = Stage(planned_s=100, done_s=50, taken_s=110)
    >>> seconds_left({"propagating": slow})
    100.0
    >>> seconds_left({"propagating": slow, "sampling": Stage(30, 0, 0)}, at_once=2)
    80.0
    """
    done, taken = sum(stage.done_s for stage in stages.values()), sum(stage.taken_s for stage in stages.values())
    left = 0.0
    for stage in stages.values():
        others = _pace(done - stage.done_s, taken - stage.taken_s)
        left += max(stage.planned_s - stage.done_s, 0.0) * _pace(stage.done_s, stage.taken_s, others)
    return left / max(at_once, 1)


def duration(seconds: float) -> str:
    """In words.

    >>> duration(80), duration(600), duration(9000)
    ('80 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _pace(done_s: float, taken_s: float, before: float = 1.0) -> float:
    """How many times as long as planned the work takes; ``before`` anything is known."""
    return (taken_s + _TRUST_S * before) / (done_s + _TRUST_S)
