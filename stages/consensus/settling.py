"""What the verdicts of a run, or of some of its candidates, come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.reviews import Verdict
from stages.consensus.dawid_skene import Pattern, Rates, consensus, patterns_of
from stages.consensus.opinions import Opinion, counted_verdicts, decider, majority
from stages.consensus.pairs import is_split, split_status
from stages.consensus.proportions import Proportion
from stages.consensus.run_verdicts import RunVerdicts, conflicts_in
from stages.consensus.votes import Votes


@dataclass(frozen=True, slots=True)
class VerdictPart:
    """All verdicts on some of a run's candidates.

    Attributes:
        number: of the part, from 0.
        verdicts: on its candidates.
        ranges: number of the range of videos that an answered candidate belongs to, by candidate id; verdicts may be on
            candidates that are none of the run.
        is_fg: what each of these candidates claims.
    """

    number: int
    verdicts: RunVerdicts
    ranges: Mapping[str, int]
    is_fg: Mapping[str, bool]


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
class SettledPart:
    """What the verdicts of one part come to.

    Attributes:
        number: of the part.
        opinions: by candidate id, those on candidates that are none of the run among them.
        ranges: as in the part.
        n_conflicts: candidates on which people differ and that nobody has settled.
        n_looked_again: candidates with a second look.
    """

    number: int
    opinions: Mapping[str, Opinion]
    ranges: Mapping[str, int]
    n_conflicts: int
    n_looked_again: int

    def counts(self) -> SettledCounts:
        """The same in numbers."""
        adjudicated = sum(opinion.decided_by == "adjudication" for opinion in self.opinions.values())
        return SettledCounts(len(self.opinions), adjudicated, self.n_conflicts, self.n_looked_again)


@dataclass(frozen=True, slots=True)
class SettledCounts:
    """What the verdicts of one part come to, counted.

    Attributes:
        n_opinions: candidates with an opinion, those that are none of the run among them.
        n_adjudicated: of these, settled by adjudication.
        n_conflicts: candidates on which people differ and that nobody has settled.
        n_looked_again: candidates with a second look.
    """

    n_opinions: int
    n_adjudicated: int
    n_conflicts: int
    n_looked_again: int


def settle(part: VerdictPart, excluded: Collection[str], weights: Weights | None) -> SettledPart:
    """Come to one opinion a candidate; adjudication overrides all other verdicts.

    Args:
        part: the verdicts.
        excluded: annotators whose verdicts are ignored.
        weights: of the annotators; None for the majority.
    """
    settled, counted = _settled_and_others(part.verdicts, excluded)
    adjudicated = {name: replace(o, decided_by="adjudication") for name, o in majority(settled).items()}
    opinions = {**(majority(counted) if weights is None else _weighed(counted, weights)), **adjudicated}
    n_looked_again = len(part.verdicts.looked_again(excluded) & opinions.keys())
    return SettledPart(part.number, opinions, part.ranges, len(conflicts_in(counted, settled)), n_looked_again)


def answer_patterns(part: VerdictPart, excluded: Collection[str]) -> Counter[Pattern]:
    """How many candidates that nobody settled were answered in which way."""
    _, counted = _settled_and_others(part.verdicts, excluded)
    return patterns_of(_votes(counted))


def gold_answers(part: VerdictPart, excluded: Collection[str]) -> Counter[tuple[str, bool]]:
    """How many answers to gold were right or wrong, by (annotator, is right)."""
    truth = {gold.candidate_id: gold.true_status for gold in part.verdicts.golds}
    found = counted_verdicts((v for v in part.verdicts.given if v.candidate_id in truth), excluded)
    return Counter((v.annotator, v.status == truth[name]) for name, group in found.items() for v in group)


def _settled_and_others(
    verdicts: RunVerdicts, excluded: Collection[str]
) -> tuple[dict[str, list[Verdict]], dict[str, list[Verdict]]]:
    """The verdicts that settle candidates, and those that count on the other candidates, by candidate id."""
    settled = verdicts.settled(excluded)
    return settled, {name: group for name, group in verdicts.deciding(excluded).items() if name not in settled}


def _weighed(counted: Mapping[str, Sequence[Verdict]], weights: Weights) -> dict[str, Opinion]:
    """The most probable status; of two answers that differ, what :func:`~stages.consensus.pairs.split_status` says."""
    if not counted:
        return {}
    statuses = consensus(_votes(counted), weights.rates).statuses()
    statuses |= {name: split_status(group, weights.accuracy) for name, group in counted.items() if is_split(group)}
    return {name: Opinion(statuses[name], len(group), decider(group)) for name, group in counted.items()}


def _votes(counted: Mapping[str, Sequence[Verdict]]) -> Votes:
    return Votes.of(verdict for group in counted.values() for verdict in group)
