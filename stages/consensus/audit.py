"""Everything about how far the answers of a review can be trusted, in one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from schemas.gold import Gold
from schemas.reviews import Verdict
from stages.consensus.bootstrap import Estimate
from stages.consensus.conflicts import Conflicts
from stages.consensus.dawid_skene import Consensus, dawid_skene
from stages.consensus.gold import GoldScore, anchoring, gold_scores
from stages.consensus.kappa import cohen_kappa, fleiss_kappa, percentage_agreement
from stages.consensus.pace import Pace, PaceTally
from stages.consensus.proportions import Proportion
from stages.consensus.votes import Votes

NOTHING = Proportion(0, 0)


@dataclass(frozen=True, slots=True)
class AnnotatorAudit:
    """One annotator.

    Attributes:
        annotator: who.
        pace: all of the work, gold included.
        gold: answers to gold.
        agreement: with the consensus, on candidates that others answered too.
        error: expected error rate by Dawid-Skene, on the same candidates.
    """

    annotator: str
    pace: Pace
    gold: GoldScore
    agreement: Proportion
    error: Proportion


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole review.

    Attributes:
        n_candidates: answered, gold left out.
        n_several: of these, answered by two or more annotators; all agreement is measured on them.
        agreement: chance that two annotators say the same.
        fleiss: Fleiss' κ.
        cohen: (annotator, annotator, Cohen's κ) of every pair that shares candidates.
        anchoring: planted wrong proposals that were left standing, of all that anybody answered.
        annotators: by name.
        conflicts: candidates on which annotators differ, the most doubtful first.
    """

    n_candidates: int
    n_several: int
    agreement: Estimate
    fleiss: Estimate
    cohen: tuple[tuple[str, str, Estimate], ...]
    anchoring: Proportion
    annotators: tuple[AnnotatorAudit, ...]
    conflicts: Conflicts = field(compare=False)


def audit(counted: Mapping[str, Sequence[Verdict]], golds: Sequence[Gold]) -> Audit:
    """Audit the verdicts that count.

    Args:
        counted: by candidate id, gold candidates included; one verdict of each annotator and candidate.
        golds: all gold of the run.
    """
    tally = AuditTally(golds)
    tally.add(counted)
    return tally.audit()


@dataclass(slots=True, eq=False)
class AuditTally:
    """Takes the verdicts that count in parts; what it keeps are arrays of those on candidates that several answered.

    Attributes:
        golds: all gold of the run.
        n_candidates: answered so far, gold left out.
    """

    golds: Sequence[Gold]
    n_candidates: int = 0
    _hidden: frozenset[str] = field(init=False)
    _votes: list[Votes] = field(default_factory=list)
    _to_gold: list[Verdict] = field(default_factory=list)
    _pace: PaceTally[str] = field(default_factory=PaceTally)

    def __post_init__(self) -> None:
        self._hidden = frozenset(gold.candidate_id for gold in self.golds)

    def add(self, counted: Mapping[str, Sequence[Verdict]]) -> None:
        """Take the verdicts on some candidates, as :func:`audit` does."""
        several: list[Verdict] = []
        for candidate_id, group in counted.items():
            for verdict in group:
                self._pace.add(verdict, verdict.annotator)
            if candidate_id in self._hidden:
                self._to_gold.extend(group)
                continue
            self.n_candidates += 1
            if len(group) > 1:
                several.extend(group)
        self._votes.append(Votes.of(several))

    @property
    def is_empty(self) -> bool:
        """Whether nobody said anything so far."""
        return not self.n_candidates and not self._to_gold

    def audit(self) -> Audit:
        """What all of them come to."""
        votes = Votes.joined(self._votes)
        consensus = dawid_skene(votes) if len(votes.candidate_ids) else None
        pairs = [(a, b, cohen_kappa(votes, a, b)) for a, b in combinations(votes.annotators, 2)]
        to_gold = sorted(self._to_gold, key=lambda v: (v.candidate_id, v.annotator))
        scores = gold_scores(self.golds, to_gold)
        return Audit(
            n_candidates=self.n_candidates,
            n_several=len(votes.candidate_ids),
            agreement=percentage_agreement(votes),
            fleiss=fleiss_kappa(votes),
            cohen=tuple(pair for pair in pairs if pair[2].n),
            anchoring=anchoring(self.golds, to_gold),
            annotators=_annotators(self._pace.paces(), scores, consensus),
            conflicts=Conflicts(consensus, {name: score.right for name, score in scores.items()}),
        )


def _annotators(
    pace: Mapping[str, Pace], scores: Mapping[str, GoldScore], consensus: Consensus | None
) -> tuple[AnnotatorAudit, ...]:
    agreement, errors = (consensus.agreement(), consensus.errors()) if consensus else ({}, {})
    no_gold = GoldScore(NOTHING, NOTHING)
    return tuple(
        AnnotatorAudit(n, pace[n], scores.get(n, no_gold), agreement.get(n, NOTHING), errors.get(n, NOTHING))
        for n in sorted(pace)
    )
