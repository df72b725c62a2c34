"""``AggregateVerdicts``: verdicts → one opinion a candidate. ``FindDoubtful``: → candidates to ask about again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import AsIter, AsSingleton, PCollection
from apache_beam.transforms.combiners import ToDict

from stages.consensus.aggregation import (
    AggregatedCounts,
    AggregatedPart,
    CountedAnswer,
    VerdictPart,
    Weights,
    aggregate,
    count_answers,
    fit_weights,
)

ReadPart = Callable[[int, Iterable[str]], VerdictPart]
"""Reads the verdicts of a part, by its number and the partitioned files."""
WritePart = Callable[[AggregatedPart], str]
"""Writes the opinions of a part; gives the file."""
AggregatedFile = tuple[str, AggregatedCounts]
"""Where the opinions of a part lie, and how many there are."""


class AggregateVerdicts(beam.PTransform[PCollection[int], PCollection[AggregatedFile]]):
    """Numbers of parts → files of their opinions; verdicts and opinions do not travel.

    Args:
        read: reads a part.
        write: writes its opinions.
        files: of partitioned verdicts; the parts wait for all of them.
        excluded: annotators whose verdicts are ignored.
        is_weighed: by the reliability that all answers of the corpus show, and gold; else the majority decides.
    """

    def __init__(
        self, read: ReadPart, write: WritePart, files: PCollection[str], excluded: Sequence[str], is_weighed: bool
    ) -> None:
        super().__init__()
        self._read, self._write, self._files = read, write, AsIter(files)
        self._excluded, self._is_weighed = excluded, is_weighed

    def expand(self, numbers: PCollection[int]) -> PCollection[AggregatedFile]:
        """Weighing takes two passes: how often answers came, to gold too, then what each answer is worth."""
        aggregated: PCollection[AggregatedFile]
        if not self._is_weighed:
            aggregated = numbers | "AggregateParts" >> beam.Map(self._aggregate, self._files)
            return aggregated
        counts = numbers | "CountAnswers" >> beam.FlatMap(self._count, self._files)
        totals = counts | "AddCounts" >> beam.CombinePerKey(sum) | "AllCounts" >> ToDict()
        weights = totals | "FitWeights" >> beam.Map(fit_weights)
        aggregated = numbers | "AggregateParts" >> beam.Map(self._aggregate, self._files, AsSingleton(weights))
        return aggregated

    def _aggregate(self, number: int, files: Iterable[str], weights: Weights | None = None) -> AggregatedFile:
        aggregated = aggregate(self._read(number, files), self._excluded, weights)
        Metrics.counter("AggregateVerdicts", "done").inc()
        return self._write(aggregated), aggregated.counts()

    def _count(self, number: int, files: Iterable[str]) -> Iterator[tuple[CountedAnswer, int]]:
        yield from count_answers(self._read(number, files), self._excluded)


class FindDoubtful(beam.PTransform[PCollection[int], PCollection[str]]):
    """Numbers of parts → ids of the candidates whose answers need another one; arguments as above.

    Args:
        is_second_look: what one person answered against the proposal; else what people differ on.
    """

    def __init__(self, read: ReadPart, files: PCollection[str], excluded: Sequence[str], is_second_look: bool) -> None:
        super().__init__()
        self._read, self._files = read, AsIter(files)
        self._excluded, self._is_second_look = excluded, is_second_look

    def expand(self, numbers: PCollection[int]) -> PCollection[str]:
        """One step, once all verdicts are partitioned."""
        found: PCollection[str] = numbers | "FindInPart" >> beam.FlatMap(self._find, self._files)
        return found

    def _find(self, number: int, files: Iterable[str]) -> list[str]:
        found = self._read(number, files).doubtful(self._excluded, self._is_second_look)
        Metrics.counter("FindDoubtful", "done").inc()
        return found
