"""Verdicts as arrays: who said what about which candidate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.points import STATUSES
from schemas.reviews import Verdict

N_STATUSES = len(STATUSES)
"""AMBIGUOUS is a category of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """V votes of A annotators on I candidates, by candidate and annotator, whatever the order of the verdicts.

    Attributes:
        candidate_ids: I strings, sorted; an Arrow array, so that millions of them are one object.
        annotators: A, sorted.
        candidate: (V,) int64, index into ``candidate_ids``.
        annotator: (V,) int64, index into ``annotators``.
        status: (V,) int64, index into STATUSES.
        group: (I,) int64, 0..G-1: candidates that were answered together, so that their errors may be alike.
        tasks: G strings, sorted: keys of the tasks that the groups are.
    """

    candidate_ids: pa.StringArray
    annotators: tuple[str, ...]
    candidate: NDArray[np.int64]
    annotator: NDArray[np.int64]
    status: NDArray[np.int64]
    group: NDArray[np.int64]
    tasks: pa.StringArray

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Votes:
        """The votes; candidates of one task are one group.

        Raises:
            ValueError: an annotator answered a candidate twice: choose the verdicts that count first.
        """
        ordered = sorted(verdicts, key=lambda v: (v.candidate_id, v.annotator))
        for one, other in pairwise(ordered):
            if (one.candidate_id, one.annotator) == (other.candidate_id, other.annotator):
                raise ValueError(f"{one.annotator!r} answered candidate {one.candidate_id!r} twice")
        candidate_ids, candidate = _indexed([v.candidate_id for v in ordered])
        annotators, annotator = _indexed([v.annotator for v in ordered])
        task = {v.candidate_id: v.task_key for v in reversed(ordered)}
        tasks, group = _indexed([task[candidate_id] for candidate_id in candidate_ids.to_pylist()])
        status = np.array([STATUSES.index(v.status) for v in ordered], dtype=np.int64)
        return cls(candidate_ids, tuple(annotators.to_pylist()), candidate, annotator, status, group, tasks)

    @classmethod
    def joined(cls, parts: Sequence[Votes]) -> Votes:
        """The votes of parts together, each candidate in one of them, as :meth:`of` all their verdicts gives them."""
        candidate_ids, places = _merged([part.candidate_ids for part in parts])
        annotators, names = _merged([pa.array(part.annotators, pa.string()) for part in parts])
        tasks, keys = _merged([part.tasks for part in parts])
        candidate = _gathered([place[part.candidate] for place, part in zip(places, parts, strict=True)])
        annotator = _gathered([name[part.annotator] for name, part in zip(names, parts, strict=True)])
        status = _gathered([part.status for part in parts])
        group = np.empty(len(candidate_ids), dtype=np.int64)
        for place, key, part in zip(places, keys, parts, strict=True):
            group[place] = key[part.group]
        order = np.lexsort((annotator, candidate))
        return cls(
            candidate_ids,
            tuple(annotators.to_pylist()),
            candidate[order],
            annotator[order],
            status[order],
            group,
            tasks,
        )

    def counts(self) -> NDArray[np.int64]:
        """(I, 3) int64: votes for each status."""
        flat = np.bincount(self.candidate * N_STATUSES + self.status, minlength=len(self.candidate_ids) * N_STATUSES)
        return flat.reshape(-1, N_STATUSES)

    def answers_of(self, annotator: str) -> NDArray[np.int64]:
        """(I,) int64: index into STATUSES, -1 where this annotator said nothing.

        Raises:
            ValueError: unknown annotator.
        """
        if annotator not in self.annotators:
            raise ValueError(f"unknown annotator {annotator!r}; known: {', '.join(self.annotators)}")
        answers = np.full(len(self.candidate_ids), -1, dtype=np.int64)
        own = self.annotator == self.annotators.index(annotator)
        answers[self.candidate[own]] = self.status[own]
        return answers


def _gathered(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


def _merged(parts: Sequence[pa.StringArray]) -> tuple[pa.StringArray, list[NDArray[np.int64]]]:
    """All names, sorted, and for each part the places of its own among them."""
    whole = pa.concat_arrays([pa.array([], pa.string()), *parts])
    known = whole.unique().sort()
    places = pc.index_in(whole, known).to_numpy().astype(np.int64)
    return known, np.split(places, list(accumulate(map(len, parts))))[: len(parts)]


def _indexed(names: list[str]) -> tuple[pa.StringArray, NDArray[np.int64]]:
    known, (places,) = _merged([pa.array(names, pa.string())])
    return known, places
