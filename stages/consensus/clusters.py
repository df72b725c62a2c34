"""Shares of a whole that was drawn in clusters whose members are alike."""

from __future__ import annotations

from dataclasses import dataclass

from stages.consensus.proportions import Proportion


@dataclass(slots=True)
class ClusterSums:
    """Adds clusters up, such as the candidates of one mask.

    A mask that leaks is wrong at several candidates at once, so they tell less than as many independent ones. How much
    less is read off the spread of the clusters' own shares (ratio estimator, Cochran 1977, section 6.3).
    """

    n: int = 0
    part: float = 0.0
    whole: float = 0.0
    part_part: float = 0.0
    part_whole: float = 0.0
    whole_whole: float = 0.0

    def add(self, part: float, whole: float) -> None:
        """Count one cluster; one without members is none."""
        if whole:
            self.n += 1
            self.part += part
            self.whole += whole
            self.part_part += part * part
            self.part_whole += part * whole
            self.whole_whole += whole * whole

    def proportion(self) -> Proportion:
        """Of all members. Fewer than two clusters, or all members alike, show no spread: they count as independent."""
        if self.n < 2 or self.part in (0.0, self.whole):
            return Proportion(self.part, self.whole)
        rate = self.part / self.whole
        spread = self.part_part - 2 * rate * self.part_whole + rate * rate * self.whole_whole
        effect = self.n / (self.n - 1) * spread / self.whole / (rate * (1 - rate))
        most = max(self.whole_whole / self.whole, 1.0)
        return Proportion(self.part, self.whole, min(max(effect, 1.0), most))
