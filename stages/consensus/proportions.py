"""Shares of a whole with the interval in which the true share lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """``part`` of ``whole``; both may be expected counts and so need not be whole numbers.

    Attributes:
        part: how many.
        whole: of how many.
        design_effect: so many of them tell as much as one that is drawn independently (Kish 1965); 1 where all are.

    Raises:
        ValueError: ``part`` is not in [0, whole].
    """

    part: float
    whole: float
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.part <= self.whole:
            raise ValueError(f"part {self.part} is not in [0, {self.whole}]")

    @property
    def rate(self) -> float:
        """In [0, 1]; NaN of nothing."""
        return self.part / self.whole if self.whole else math.nan

    def interval(self, z: float = Z95) -> tuple[float, float]:
        """Wilson's score interval (Wilson 1927) of ``whole / design_effect`` draws; (0, 1) of nothing.

        >>> low, high = Proportion(0, 10).interval()
        >>> round(low, 4), round(high, 4)
        (0.0, 0.2775)
        """
        n = self.whole / self.design_effect
        if not n:
            return 0.0, 1.0
        middle = (self.rate + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(self.rate * (1 - self.rate) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if not self.whole:
            return "–"
        low, high = self.interval()
        return f"{self.rate:.1%} ({low:.1%}–{high:.1%}, n = {self.whole:,.0f})"
