"""Which verdicts count, and what those on one candidate come to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.reviews import Verdict


@dataclass(frozen=True, slots=True)
class Opinion:
    """What several verdicts on one candidate come to.

    Attributes:
        status: one of STATUSES.
        n_verdicts: verdicts behind it.
        decided_by: one of DECIDERS.
    """

    status: str
    n_verdicts: int
    decided_by: str = "annotators"


def counted_verdicts(verdicts: Iterable[Verdict], excluded: Collection[str] = ()) -> dict[str, list[Verdict]]:
    """The verdicts that count, by candidate id: the latest of each annotator, in the order of their names.

    People outvote the simulated annotator: where a person answered, its verdicts are ignored.

    Args:
        verdicts: of any candidates, in any order.
        excluded: annotators whose verdicts are ignored.
    """
    latest: dict[str, dict[str, Verdict]] = defaultdict(dict)
    for verdict in sorted(verdicts, key=lambda v: (v.decided_at, v.annotation_id)):
        if verdict.annotator not in excluded:
            latest[verdict.candidate_id][verdict.annotator] = verdict
    return {candidate_id: _counting(by_name) for candidate_id, by_name in sorted(latest.items())}


def _counting(by_annotator: Mapping[str, Verdict]) -> list[Verdict]:
    if len(by_annotator) == 1:
        return list(by_annotator.values())
    people = [verdict for verdict in by_annotator.values() if verdict.source != "simulated"]
    return sorted(people or by_annotator.values(), key=lambda v: v.annotator)


def majority(counted: Mapping[str, Sequence[Verdict]]) -> dict[str, Opinion]:
    """The status that most verdicts give, by candidate id; a tie is AMBIGUOUS."""
    return {candidate_id: _majority(verdicts) for candidate_id, verdicts in counted.items()}


def _majority(verdicts: Sequence[Verdict]) -> Opinion:
    if len(verdicts) == 1:
        return Opinion(verdicts[0].status, 1, decider(verdicts))
    votes = Counter(verdict.status for verdict in verdicts).most_common()
    tied = len(votes) > 1 and votes[0][1] == votes[1][1]
    return Opinion("AMBIGUOUS" if tied else votes[0][0], len(verdicts), decider(verdicts))


def decider(verdicts: Iterable[Verdict]) -> str:
    """One of DECIDERS: people, unless the machine is alone."""
    return "annotators" if any(verdict.source != "simulated" for verdict in verdicts) else "simulated"
