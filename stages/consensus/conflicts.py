"""Candidates on which annotators differ, for somebody to adjudicate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from schemas.points import STATUSES
from stages.consensus.dawid_skene import Consensus
from stages.consensus.pairs import is_split, split_status
from stages.consensus.proportions import Proportion


@dataclass(frozen=True, slots=True)
class Conflict:
    """A candidate on which annotators differ.

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


@dataclass(frozen=True, slots=True, eq=False)
class Conflicts:
    """All conflicts of a review, made of its arrays when they are asked for.

    Attributes:
        consensus: of all candidates that several answered; None of none.
        accuracy: share of right answers to gold, by annotator.
    """

    consensus: Consensus | None
    accuracy: Mapping[str, Proportion]

    def __len__(self) -> int:
        """How many there are."""
        return int(np.count_nonzero((self.consensus.votes.counts() > 0).sum(axis=1) > 1)) if self.consensus else 0

    def __iter__(self) -> Iterator[Conflict]:
        """The most doubtful first."""
        if not self.consensus:
            return
        votes, best = self.consensus.votes, self.consensus.best()
        probability = self.consensus.posteriors.max(axis=1)
        (differing,) = np.nonzero((votes.counts() > 0).sum(axis=1) > 1)
        for place in differing[np.argsort(probability[differing], kind="stable")].tolist():
            start, end = np.searchsorted(votes.candidate, (place, place + 1)).tolist()
            who, said = votes.annotator[start:end].tolist(), votes.status[start:end].tolist()
            answers = tuple((votes.annotators[a], STATUSES[s]) for a, s in zip(who, said, strict=True))
            status = split_status(answers, self.accuracy) if is_split(answers) else STATUSES[best[place]]
            name, task = votes.candidate_ids[place].as_py(), votes.tasks[votes.group[place]].as_py()
            yield Conflict(name, task, answers, status, float(probability[place]))
