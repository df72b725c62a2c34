"""Verdicts on candidates are aggregated to one opinion a candidate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.reviews import Verdict
from stages.consensus.dawid_skene import Pattern, Rates, consensus, fit, patterns_of
from stages.consensus.opinions import Opinion, counted_verdicts, decider, majority
from stages.consensus.pairs import accuracies, is_split, split_status
from stages.consensus.proportions import Proportion
from stages.consensus.run_verdicts import RunVerdicts, conflicts_in
from stages.consensus.votes import Votes

_PATTERN, _GOLD = "pattern", "gold"
CountedAnswer = tuple[str, Any]
"""What is counted: (``pattern``, pattern of answers), or (``gold``, (annotator, is right))."""


@dataclass(frozen=True, slots=True)
class VerdictPart:
    """All verdicts on some of a run's candidates.

    Attributes:
        number: of the part, from 0.
        verdicts: on its candidates.
        ranges: number of the range of videos that an answered candidate belongs to, by candidate id; verdicts may be on
            candidates of other runs.
        is_fg: what each of these candidates claims.
    """

    number: int
    verdicts: RunVerdicts
    ranges: Mapping[str, int]
    is_fg: Mapping[str, bool]

    def doubtful(self, excluded: Collection[str], is_second_look: bool) -> list[str]:
        """Ids of the candidates whose answers need another one.

        Args:
            excluded: annotators whose verdicts are ignored.
            is_second_look: what one person answered against the proposal; else what people differ on.
        """
        if is_second_look:
            return self.verdicts.to_look_again(self.is_fg, excluded)
        return self.verdicts.conflicts(excluded)


@dataclass(frozen=True, slots=True)
class Weights:
    """How far each annotator of a corpus can be trusted.

    Attributes:
        rates: as the answers show it.
        accuracy: share of right answers to gold, by annotator.
    """

    rates: Rates
    accuracy: Mapping[str, Proportion]


@dataclass(frozen=True, slots=True)
class AggregatedPart:
    """The opinions on the candidates of one part.

    Attributes:
        number: of the part.
        opinions: by candidate id, including those on candidates of other runs.
        ranges: as in the part.
        n_conflicts: candidates on which people differ and that nobody has adjudicated.
        n_looked_again: candidates with a second look.
    """

    number: int
    opinions: Mapping[str, Opinion]
    ranges: Mapping[str, int]
    n_conflicts: int
    n_looked_again: int

    def counts(self) -> AggregatedCounts:
        """How many there are of each kind."""
        adjudicated = sum(opinion.decided_by == "adjudication" for opinion in self.opinions.values())
        return AggregatedCounts(len(self.opinions), adjudicated, self.n_conflicts, self.n_looked_again)


@dataclass(frozen=True, slots=True)
class AggregatedCounts:
    """How many candidates of a part have an opinion, and how each was decided.

    Attributes:
        n_opinions: candidates with an opinion, including candidates of other runs.
        n_adjudicated: of these, decided by adjudication.
        n_conflicts: candidates on which people differ and that nobody has adjudicated.
        n_looked_again: candidates with a second look.
    """

    n_opinions: int
    n_adjudicated: int
    n_conflicts: int
    n_looked_again: int


def aggregate(part: VerdictPart, excluded: Collection[str], weights: Weights | None) -> AggregatedPart:
    """One opinion a candidate; adjudication overrides all other verdicts.

    Args:
        part: the verdicts.
        excluded: annotators whose verdicts are ignored.
        weights: of the annotators; None for the majority.
    """
    adjudication, counted = _adjudicated_and_others(part.verdicts, excluded)
    adjudicated = {name: replace(o, decided_by="adjudication") for name, o in majority(adjudication).items()}
    opinions = {**(majority(counted) if weights is None else _weighed(counted, weights)), **adjudicated}
    n_looked_again = len(part.verdicts.looked_again(excluded) & opinions.keys())
    return AggregatedPart(part.number, opinions, part.ranges, len(conflicts_in(counted, adjudication)), n_looked_again)


def answer_patterns(part: VerdictPart, excluded: Collection[str]) -> Counter[Pattern]:
    """How many candidates without adjudication have which combination of answers."""
    _, counted = _adjudicated_and_others(part.verdicts, excluded)
    return patterns_of(_votes(counted))


def gold_answers(part: VerdictPart, excluded: Collection[str]) -> Counter[tuple[str, bool]]:
    """How many answers to gold were right or wrong, by (annotator, is right)."""
    truth = {gold.candidate_id: gold.true_status for gold in part.verdicts.golds}
    found = counted_verdicts((v for v in part.verdicts.given if v.candidate_id in truth), excluded)
    return Counter((v.annotator, v.status == truth[name]) for name, group in found.items() for v in group)


def count_answers(part: VerdictPart, excluded: Collection[str]) -> Iterator[tuple[CountedAnswer, int]]:
    """What :func:`fit_weights` takes, for one part; counts of several parts add up."""
    yield from (((_PATTERN, pattern), n) for pattern, n in answer_patterns(part, excluded).items())
    yield from (((_GOLD, answer), n) for answer, n in gold_answers(part, excluded).items())


def fit_weights(counts: Mapping[CountedAnswer, int]) -> Weights | None:
    """The weights that counts of a whole corpus show; None without any answer."""
    patterns, gold = ({key: n for (kind, key), n in counts.items() if kind == wanted} for wanted in (_PATTERN, _GOLD))
    return Weights(fit(patterns), accuracies(gold)) if patterns else None


def _adjudicated_and_others(
    verdicts: RunVerdicts, excluded: Collection[str]
) -> tuple[dict[str, list[Verdict]], dict[str, list[Verdict]]]:
    """Verdicts of adjudication, and the verdicts that count on all other candidates, by candidate id."""
    adjudicated = verdicts.adjudicated(excluded)
    return adjudicated, {name: group for name, group in verdicts.deciding(excluded).items() if name not in adjudicated}


def _weighed(counted: Mapping[str, Sequence[Verdict]], weights: Weights) -> dict[str, Opinion]:
    """The most probable status; of two answers that differ, what :func:`~stages.consensus.pairs.split_status` says."""
    if not counted:
        return {}
    statuses = consensus(_votes(counted), weights.rates).statuses()
    answers = {name: [(v.annotator, v.status) for v in group] for name, group in counted.items() if len(group) == 2}
    statuses |= {name: split_status(two, weights.accuracy) for name, two in answers.items() if is_split(two)}
    return {name: Opinion(statuses[name], len(group), decider(group)) for name, group in counted.items()}


def _votes(counted: Mapping[str, Sequence[Verdict]]) -> Votes:
    return Votes.of(verdict for group in counted.values() for verdict in group)
