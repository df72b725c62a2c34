"""Gold: plant wrong proposals whose right answer is known, and score who saw them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.digests import name_of, uniform
from schemas.gold import Gold
from schemas.points import PointCandidate
from schemas.reviews import Verdict
from stages.consensus.clusters import ClusterSums
from stages.consensus.proportions import Proportion

_WRONG_CLAIM = {"ACCEPTED": False, "REJECTED": True}
"""What a planted proposal says of a pixel with this status; AMBIGUOUS pixels are no gold."""


@dataclass(frozen=True, slots=True)
class GoldScore:
    """One annotator's answers to gold.

    Attributes:
        right: answers that corrected the planted claim.
        untouched: answers that left it standing. The rest said AMBIGUOUS.
    """

    right: Proportion
    untouched: Proportion


def unanimous_statuses(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Status by candidate id where two or more people answered, all of them the same and none AMBIGUOUS.

    Args:
        verdicts: those that count, one of each annotator and candidate; not those of the simulated annotator.
    """
    said: dict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.source != "simulated":
            said[verdict.candidate_id].append(verdict.status)
    return {
        candidate_id: statuses[0]
        for candidate_id, statuses in said.items()
        if len(statuses) > 1 and len(set(statuses)) == 1 and statuses[0] in _WRONG_CLAIM
    }


def plant(
    claims: Mapping[str, bool], known: Mapping[str, str], known_by: str, share: float, seed: int = 0
) -> list[Gold]:
    """Gold for a share of the candidates whose proposal is known to be right; theirs is shown flipped.

    Which ones is a matter of each candidate's id and the seed alone, so the same call always plants the same.

    Args:
        claims: of the candidates to choose from: whether each is proposed as foreground, by id.
        known: true status by candidate id.
        known_by: one of KNOWN_BY.
        share: of the candidates that qualify, in [0, 1].
        seed: of the choice.
    """
    golds = []
    for candidate_id, is_fg in claims.items():
        status = known.get(candidate_id, "")
        is_right = status in _WRONG_CLAIM and is_fg != _WRONG_CLAIM[status]
        if is_right and uniform("choose", seed, candidate_id) < share:
            name = name_of("gold", seed, candidate_id)
            golds.append(Gold(name, candidate_id, _WRONG_CLAIM[status], status, known_by))
    return golds


def with_gold(candidates: Iterable[PointCandidate], golds: Iterable[Gold]) -> list[PointCandidate]:
    """The candidates that are asked: each gold candidate replaces the one whose pixel it shows."""
    by_original = {gold.of_candidate_id: gold for gold in golds}
    return [
        replace(c, candidate_id=gold.candidate_id, is_fg_candidate=gold.is_fg_candidate)
        if (gold := by_original.get(c.candidate_id))
        else c
        for c in candidates
    ]


def gold_scores(golds: Sequence[Gold], verdicts: Iterable[Verdict]) -> dict[str, GoldScore]:
    """By annotator who met gold.

    Args:
        golds: all gold of the run.
        verdicts: those that count, one of each annotator and candidate; answers to other candidates are passed over.
    """
    truth = {gold.candidate_id: gold for gold in golds}
    right: dict[str, list[bool]] = defaultdict(list)
    untouched: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        if gold := truth.get(verdict.candidate_id):
            right[verdict.annotator].append(verdict.status == gold.true_status)
            untouched[verdict.annotator].append(verdict.status not in (gold.true_status, "AMBIGUOUS"))
    return {name: GoldScore(_share(right[name]), _share(untouched[name])) for name in sorted(right)}


def anchoring(golds: Sequence[Gold], verdicts: Iterable[Verdict]) -> Proportion:
    """The anchoring risk of proposals: of all answers to planted wrong ones, those that left them standing.

    The answers of several people to one pixel count as alike: it may be hard to see.

    Args:
        golds: all gold of the run.
        verdicts: those that count, one of each annotator and candidate; answers to other candidates are passed over.
    """
    answers: dict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        answers[verdict.candidate_id].append(verdict.status)
    sums = ClusterSums()
    for gold in golds:
        said = answers[gold.candidate_id]
        sums.add(sum(status not in (gold.true_status, "AMBIGUOUS") for status in said), len(said))
    return sums.proportion()


def _share(found: Sequence[bool]) -> Proportion:
    return Proportion(sum(found), len(found))
