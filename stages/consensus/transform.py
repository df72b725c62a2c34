"""``AggregateVerdicts``: verdicts → one opinion a candidate. ``FindDoubtful``: → candidates to ask about again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import AsIter, AsSingleton, PCollection
from apache_beam.transforms.combiners import ToDict

from stages.consensus.aggregation import AggregatedPart, Weights, fit_weights
from stages.consensus.parts import AggregatedFile, VerdictParts


class AggregateVerdicts(beam.PTransform[PCollection[int], PCollection[AggregatedFile]]):
    """Numbers of parts → files of their opinions; verdicts and opinions do not travel.

    Args:
        parts: how they are read.
        write: writes the opinions of a part; gives the file.
        files: of partitioned verdicts; the parts wait for all of them.
        is_weighed: by the reliability that all answers of the corpus show, and gold; else the majority decides.
    """

    def __init__(
        self, parts: VerdictParts, write: Callable[[AggregatedPart], str], files: PCollection[str], is_weighed: bool
    ) -> None:
        super().__init__()
        self._parts, self._write, self._files, self._is_weighed = parts, write, AsIter(files), is_weighed

    def expand(self, numbers: PCollection[int]) -> PCollection[AggregatedFile]:
        """Weighing takes two passes: how often answers came, to gold too, then what each answer is worth."""
        weights = (AsSingleton(self._fit(numbers)),) if self._is_weighed else ()
        aggregated: PCollection[AggregatedFile]
        aggregated = numbers | "AggregateParts" >> beam.Map(self._aggregate, self._files, *weights)
        return aggregated

    def _fit(self, numbers: PCollection[int]) -> PCollection[Weights | None]:
        counts = numbers | "CountAnswers" >> beam.FlatMap(self._parts.count, self._files)
        totals = counts | "AddCounts" >> beam.CombinePerKey(sum) | "AllCounts" >> ToDict()
        weights: PCollection[Weights | None] = totals | "FitWeights" >> beam.Map(fit_weights)
        return weights

    def _aggregate(self, number: int, files: Iterable[str], weights: Weights | None = None) -> AggregatedFile:
        aggregated = self._parts.aggregate(number, files, weights)
        Metrics.counter("AggregateVerdicts", "done").inc()
        return self._write(aggregated), aggregated.counts()


class FindDoubtful(beam.PTransform[PCollection[int], PCollection[str]]):
    """Numbers of parts → ids of the candidates whose answers need another one; arguments as above.

    Args:
        is_second_look: what one person answered against the proposal; else what people differ on.
    """

    def __init__(self, parts: VerdictParts, files: PCollection[str], is_second_look: bool) -> None:
        super().__init__()
        self._parts, self._files, self._is_second_look = parts, AsIter(files), is_second_look

    def expand(self, numbers: PCollection[int]) -> PCollection[str]:
        """One step, once all verdicts are partitioned."""
        found: PCollection[str] = numbers | "FindInPart" >> beam.FlatMap(self._find, self._files)
        return found

    def _find(self, number: int, files: Iterable[str]) -> list[str]:
        found = self._parts.doubtful(number, files, self._is_second_look)
        Metrics.counter("FindDoubtful", "done").inc()
        return found
