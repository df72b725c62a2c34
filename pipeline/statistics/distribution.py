"""How a whole number differs over many objects: counted value by value, so that everything about it is exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Distribution:
    """Values that are counted.

    >>> found = Distribution()
    >>> for value in (0, 4, 4, 12):
    ...     found.add(value)
    >>> found.mean, found.median, found.summary()["most"]
    (5.0, 4.0, 12)
    >>> found.bins(10)
    {'0-9': 3, '10-19': 1}
    """

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, value: int, times: int = 1) -> None:
        """Count a value."""
        self.counts[value] += times

    @property
    def n(self) -> int:
        """Values counted."""
        return self.counts.total()

    @property
    def mean(self) -> float:
        """0.0 of none."""
        return sum(value * times for value, times in self.counts.items()) / self.n if self.n else 0.0

    @property
    def median(self) -> float:
        """The middle one, or the mean of both; 0.0 of none."""
        if not self.n:
            return 0.0
        low, high = self._ranked((self.n - 1) // 2), self._ranked(self.n // 2)
        return (low + high) / 2

    def bins(self, width: int, least_bins: int = 0) -> dict[str, int]:
        """How many values lie in each stretch of ``width`` whole numbers, from 0 on, empty ones in between included."""
        last = max([*(value // width for value in self.counts), least_bins - 1], default=-1)
        found: Counter[int] = Counter()
        for value, times in self.counts.items():
            found[value // width] += times
        return {_name(number, width): found[number] for number in range(last + 1)}

    def shown_bins(self, width: int) -> dict[str, int]:
        """The same from the first to the last stretch that holds a value.

        >>> Distribution(Counter({130: 2, 155: 1})).shown_bins(10)
        {'130-139': 2, '140-149': 0, '150-159': 1}
        """
        bins = self.bins(width)
        first = next((number for number, count in enumerate(bins.values()) if count), 0)
        return dict(list(bins.items())[first:])

    def summary(self) -> Mapping[str, float]:
        """Least, mean, median and most."""
        return {
            "least": min(self.counts, default=0),
            "mean": round(self.mean, 4),
            "median": self.median,
            "most": max(self.counts, default=0),
        }

    def _ranked(self, rank: int) -> int:
        for value in sorted(self.counts):
            rank -= self.counts[value]
            if rank < 0:
                return value
        raise IndexError(rank)


def _name(number: int, width: int) -> str:
    return str(number) if width == 1 else f"{number * width}-{number * width + width - 1}"
