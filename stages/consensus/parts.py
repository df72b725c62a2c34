"""The verdicts of a run, worked on part by part: only numbers of parts and names of files travel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stages.consensus.aggregation import (
    AggregatedCounts,
    AggregatedPart,
    CountedAnswer,
    VerdictPart,
    Weights,
    aggregate,
    count_answers,
)

AggregatedFile = tuple[str, AggregatedCounts]
"""Where the opinions of a part lie, and how many there are."""


@dataclass(frozen=True, slots=True)
class VerdictParts:
    """How the parts of a run's verdicts are read, and whose verdicts count.

    Every method takes the number of a part, from 0, and the files that hold the partitioned verdicts.

    Attributes:
        read: reads the verdicts of a part.
        excluded: annotators whose verdicts are ignored.
    """

    read: Callable[[int, Iterable[str]], VerdictPart]
    excluded: Sequence[str] = ()

    def count(self, number: int, files: Iterable[str]) -> Iterator[tuple[CountedAnswer, int]]:
        """What the weights of the annotators are fitted to; see :func:`stages.consensus.aggregation.fit_weights`."""
        return count_answers(self.read(number, files), self.excluded)

    def aggregate(self, number: int, files: Iterable[str], weights: Weights | None = None) -> AggregatedPart:
        """One opinion a candidate; the majority decides where no weights are given."""
        return aggregate(self.read(number, files), self.excluded, weights)

    def doubtful(self, number: int, files: Iterable[str], is_second_look: bool) -> list[str]:
        """Ids of the candidates whose answers need another one; see :meth:`VerdictPart.doubtful`."""
        return self.read(number, files).doubtful(self.excluded, is_second_look)
