"""``SettleVerdicts``: what people answered to each candidate comes to one opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import apache_beam as beam
from apache_beam.pvalue import AsIter, AsSingleton, PCollection
from apache_beam.transforms.combiners import ToDict

from stages.consensus.dawid_skene import Pattern, Rates, fit
from stages.consensus.settling import SettledCounts, SettledPart, VerdictPart, answer_patterns, settle

ReadPart = Callable[[int, Iterable[str]], VerdictPart]
"""Reads the verdicts of a part, by its number and the files that verdicts were dealt into."""
WritePart = Callable[[SettledPart], str]
"""Writes the opinions of a part; gives the file."""
SettledFile = tuple[str, SettledCounts]
"""Where the opinions of a part lie, and how many there are."""


class SettleVerdicts(beam.PTransform[PCollection[int], PCollection[SettledFile]]):
    """Numbers of parts → files of their opinions; verdicts and opinions do not travel.

    Args:
        read: reads a part.
        write: writes its opinions.
        dealt: files that verdicts were dealt into; all of them, so the parts wait for the last one.
        excluded: annotators who are not heard.
        is_weighed: by the reliability that all answers of the corpus show; else the majority decides.
    """

    def __init__(
        self, read: ReadPart, write: WritePart, dealt: PCollection[str], excluded: Sequence[str], is_weighed: bool
    ) -> None:
        super().__init__()
        self._read, self._write, self._dealt = read, write, AsIter(dealt)
        self._excluded, self._is_weighed = excluded, is_weighed

    def expand(self, numbers: PCollection[int]) -> PCollection[SettledFile]:
        """Weighing takes two passes: how often each pattern of answers came, then what each answer is worth."""
        settled: PCollection[SettledFile]
        if not self._is_weighed:
            settled = numbers | "SettleParts" >> beam.Map(self._settle, self._dealt)
            return settled
        counts = numbers | "CountPatterns" >> beam.FlatMap(self._patterns, self._dealt)
        totals = counts | "AddPatterns" >> beam.CombinePerKey(sum) | "AllPatterns" >> ToDict()
        rates = totals | "FitRates" >> beam.Map(_fit_any)
        settled = numbers | "SettleParts" >> beam.Map(self._settle, self._dealt, AsSingleton(rates))
        return settled

    def _settle(self, number: int, dealt: Iterable[str], rates: Rates | None = None) -> SettledFile:
        settled = settle(self._read(number, dealt), self._excluded, rates)
        return self._write(settled), settled.counts()

    def _patterns(self, number: int, dealt: Iterable[str]) -> Iterator[tuple[Pattern, int]]:
        yield from answer_patterns(self._read(number, dealt), self._excluded).items()


class FindDoubtful(beam.PTransform[PCollection[int], PCollection[str]]):
    """Numbers of parts → ids of the candidates whose answers need another one.

    Args:
        read: reads a part.
        dealt: files that verdicts were dealt into.
        excluded: annotators who are not heard.
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
        if self._is_second_look:
            return part.verdicts.to_look_again(part.is_fg, self._excluded)
        return part.verdicts.conflicts(self._excluded)


def _fit_any(patterns: dict[Pattern, int]) -> Rates | None:
    return fit(patterns) if patterns else None
