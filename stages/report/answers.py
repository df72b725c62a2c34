"""What the page says about answers: the errors of masks that they show, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval, all in [0, 1], of ``n`` answers; without any, it shows as a dash."""

    value: float
    low: float
    high: float
    n: int

    @property
    def percent(self) -> str:
        """The share as it is read."""
        return f"{100 * self.value:.1f} %" if self.n else "–"

    @property
    def interval(self) -> str:
        """The interval and what is behind it, as they are read."""
        return f"{100 * self.low:.1f}–{100 * self.high:.1f} %, n = {self.n:,}" if self.n else ""


@dataclass(frozen=True, slots=True)
class MaskRow:
    """The errors of one group of masks.

    Attributes:
        name: of the group.
        false_positive: of the points that its masks call foreground, those that people put off the object.
        false_negative: of the points that its masks call background, those that people put on it.
        seconds_a_point: active seconds of a person, None where nobody was timed.
    """

    name: str
    false_positive: Rate
    false_negative: Rate
    seconds_a_point: float | None = None


@dataclass(frozen=True, slots=True)
class MaskTable:
    """Groups of one kind.

    Attributes:
        title: what they are grouped by.
        rows: the groups.
        n_left_out: groups that are not shown.
    """

    title: str
    rows: tuple[MaskRow, ...]
    n_left_out: int = 0


@dataclass(frozen=True, slots=True)
class AnnotatorRow:
    """One annotator, as :mod:`stages.consensus.audit` finds her.

    Attributes:
        name: who.
        n_points: points answered.
        seconds_a_point: active seconds.
        errors: expected errors by Dawid-Skene, where others answered the same points.
        gold_untouched: of the planted wrong proposals she met, those that she let stand.
    """

    name: str
    n_points: int
    seconds_a_point: float
    errors: Rate
    gold_untouched: Rate


@dataclass(frozen=True, slots=True)
class Answers:
    """The part of the page about answers; empty while there are none.

    Attributes:
        masks: errors of masks, one table a kind of group.
        annotators: by name.
        agreement: (what, figure) of all annotators together.
    """

    masks: tuple[MaskTable, ...] = ()
    annotators: tuple[AnnotatorRow, ...] = ()
    agreement: tuple[tuple[str, str], ...] = ()

    @property
    def scale(self) -> float:
        """The share at the right end of every bar, in (0, 1]: the highest end of an interval of a well-known rate."""
        ends = [rate.high for rate in self._rates() if rate.n >= _WELL_KNOWN]
        return min(max([0.1, *ends]), 1.0)

    def _rates(self) -> Iterable[Rate]:
        for table in self.masks:
            for row in table.rows:
                yield from (row.false_positive, row.false_negative)


_WELL_KNOWN = 30
"""Answers behind a rate whose interval may stretch the scale of all bars."""
