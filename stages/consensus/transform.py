"""``SettleVerdicts``: what people answered to each candidate comes to one opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import AsIter, AsSingleton, PCollection
from apache_beam.transforms.combiners import ToDict

from stages.consensus.dawid_skene import fit
from stages.consensus.pairs import accuracies
from stages.consensus.settling import (
    SettledCounts,
    SettledPart,
    VerdictPart,
    Weights,
    answer_patterns,
    gold_answers,
    settle,
)

ReadPart = Callable[[int, Iterable[str]], VerdictPart]
"""Reads the verdicts of a part, by its number and the files that verdicts were dealt into."""
WritePart = Callable[[SettledPart], str]
"""Writes the opinions of a part; gives the file."""
SettledFile = tuple[str, SettledCounts]
"""Where the opinions of a part lie, and how many there are."""
_PATTERN, _GOLD = "pattern", "gold"
_Counted = tuple[str, Any]
"""What is counted: a pattern of answers, or (annotator, is right) of answers to gold."""


class SettleVerdicts(beam.PTransform[PCollection[int], PCollection[SettledFile]]):
    """Numbers of parts → files of their opinions; verdicts and opinions do not travel.

    Args:
        read: reads a part.
        write: writes its opinions.
        dealt: files that verdicts were dealt into; all of them, so the parts wait for the last one.
        excluded: annotators whose verdicts are ignored.
        is_weighed: by the reliability that all answers of the corpus show, and gold; else the majority decides.
    """

    def __init__(
        self, read: ReadPart, write: WritePart, dealt: PCollection[str], excluded: Sequence[str], is_weighed: bool
    ) -> None:
        super().__init__()
        self._read, self._write, self._dealt = read, write, AsIter(dealt)
        self._excluded, self._is_weighed = excluded, is_weighed

    def expand(self, numbers: PCollection[int]) -> PCollection[SettledFile]:
        """Weighing takes two passes: how often answers came, to gold too, then what each answer is worth."""
        settled: PCollection[SettledFile]
        if not self._is_weighed:
            settled = numbers | "SettleParts" >> beam.Map(self._settle, self._dealt)
            return settled
        counts = numbers | "CountAnswers" >> beam.FlatMap(self._counts, self._dealt)
        totals = counts | "AddCounts" >> beam.CombinePerKey(sum) | "AllCounts" >> ToDict()
        weights = totals | "FitWeights" >> beam.Map(_fit_any)
        settled = numbers | "SettleParts" >> beam.Map(self._settle, self._dealt, AsSingleton(weights))
        return settled

    def _settle(self, number: int, dealt: Iterable[str], weights: Weights | None = None) -> SettledFile:
        settled = settle(self._read(number, dealt), self._excluded, weights)
        Metrics.counter("SettleVerdicts", "done").inc()
        return self._write(settled), settled.counts()

    def _counts(self, number: int, dealt: Iterable[str]) -> Iterator[tuple[_Counted, int]]:
        part = self._read(number, dealt)
        yield from (((_PATTERN, pattern), n) for pattern, n in answer_patterns(part, self._excluded).items())
        yield from (((_GOLD, answer), n) for answer, n in gold_answers(part, self._excluded).items())


class FindDoubtful(beam.PTransform[PCollection[int], PCollection[str]]):
    """Numbers of parts → ids of the candidates whose answers need another one.

    Args:
        read: reads a part.
        dealt: files that verdicts were dealt into.
        excluded: annotators whose verdicts are ignored.
        is_second_look: what one person answered against the proposal; else what people differ on.
    """

    def __init__(self, read: ReadPart, dealt: PCollection[str], excluded: Sequence[str], is_second_look: bool) -> None:
        super().__init__()
        self._read, self._dealt, self._excluded = read, AsIter(dealt), excluded
        self._is_second_look = is_second_look

    def expand(self, numbers: PCollection[int]) -> PCollection[str]:
        """One step, once all verdicts are dealt."""
        found: PCollection[str] = numbers | "FindInPart" >> beam.FlatMap(self._doubtful, self._dealt)
        return found

    def _doubtful(self, number: int, dealt: Iterable[str]) -> list[str]:
        part = self._read(number, dealt)
        Metrics.counter("FindDoubtful", "done").inc()
        if self._is_second_look:
            return part.verdicts.to_look_again(part.is_fg, self._excluded)
        return part.verdicts.conflicts(self._excluded)


def _fit_any(counts: dict[_Counted, int]) -> Weights | None:
    patterns, gold = ({key: n for (kind, key), n in counts.items() if kind == wanted} for wanted in (_PATTERN, _GOLD))
    return Weights(fit(patterns), accuracies(gold)) if patterns else None
