"""Everything about how far the answers of a review can be trusted, in one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from schemas.gold import Gold
from schemas.reviews import Verdict
from stages.consensus.bootstrap import Estimate
from stages.consensus.dawid_skene import Consensus, dawid_skene
from stages.consensus.gold import GoldScore, anchoring, gold_scores
from stages.consensus.kappa import cohen_kappa, fleiss_kappa, percentage_agreement
from stages.consensus.pace import Pace, paces
from stages.consensus.pairs import is_split, split_status
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
class Conflict:
    """A candidate on which annotators differ, for somebody to settle.

    Attributes:
        candidate_id: the candidate.
        task_key: a task that asks it.
        answers: (annotator, status), by name.
        consensus: what `pointvos merge --consensus dawid_skene` makes of them.
        probability: of the status that Dawid-Skene takes for the most probable one.
    """

    candidate_id: str
    task_key: str
    answers: tuple[tuple[str, str], ...]
    consensus: str
    probability: float


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
        conflicts: the most doubtful first.
    """

    n_candidates: int
    n_several: int
    agreement: Estimate
    fleiss: Estimate
    cohen: tuple[tuple[str, str, Estimate], ...]
    anchoring: Proportion
    annotators: tuple[AnnotatorAudit, ...]
    conflicts: tuple[Conflict, ...]


def audit(counted: Mapping[str, Sequence[Verdict]], golds: Sequence[Gold]) -> Audit:
    """Audit the verdicts that count.

    Args:
        counted: by candidate id, gold candidates included; one verdict of each annotator and candidate.
        golds: all gold of the run.
    """
    hidden = {gold.candidate_id for gold in golds}
    asked = {candidate_id: group for candidate_id, group in counted.items() if candidate_id not in hidden}
    several = {candidate_id: group for candidate_id, group in asked.items() if len(group) > 1}
    votes = Votes.of(_flat(several))
    consensus = dawid_skene(votes) if several else None
    pairs = [(a, b, cohen_kappa(votes, a, b)) for a, b in combinations(votes.annotators, 2)]
    return Audit(
        n_candidates=len(asked),
        n_several=len(several),
        agreement=percentage_agreement(votes),
        fleiss=fleiss_kappa(votes),
        cohen=tuple(pair for pair in pairs if pair[2].n),
        anchoring=anchoring(golds, _flat(counted)),
        annotators=_annotators(_flat(counted), golds, consensus),
        conflicts=_conflicts(several, consensus, gold_scores(golds, _flat(counted))) if consensus else (),
    )


def _flat(counted: Mapping[str, Sequence[Verdict]]) -> list[Verdict]:
    return [verdict for group in counted.values() for verdict in group]


def _annotators(
    verdicts: Iterable[Verdict], golds: Sequence[Gold], consensus: Consensus | None
) -> tuple[AnnotatorAudit, ...]:
    given = list(verdicts)
    pace, scores = paces(given, lambda v: v.annotator), gold_scores(golds, given)
    agreement, errors = (consensus.agreement(), consensus.errors()) if consensus else ({}, {})
    no_gold = GoldScore(NOTHING, NOTHING)
    return tuple(
        AnnotatorAudit(n, pace[n], scores.get(n, no_gold), agreement.get(n, NOTHING), errors.get(n, NOTHING))
        for n in sorted(pace)
    )


def _conflicts(
    several: Mapping[str, Sequence[Verdict]], consensus: Consensus, gold: Mapping[str, GoldScore]
) -> tuple[Conflict, ...]:
    statuses = consensus.statuses()
    accuracy = {name: score.right for name, score in gold.items()}
    statuses |= {name: split_status(group, accuracy) for name, group in several.items() if is_split(group)}
    posteriors = dict(zip(consensus.votes.candidate_ids, consensus.posteriors.max(axis=1).tolist(), strict=True))
    answers: dict[str, tuple[tuple[str, str], ...]] = {}
    for candidate_id, group in several.items():
        if len({verdict.status for verdict in group}) > 1:
            answers[candidate_id] = tuple(sorted((verdict.annotator, verdict.status) for verdict in group))
    found = [
        Conflict(name, several[name][0].task_key, said, statuses[name], posteriors[name])
        for name, said in answers.items()
    ]
    return tuple(sorted(found, key=lambda c: (c.probability, c.candidate_id)))
