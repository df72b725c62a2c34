"""Errors planted by place: what is true of each tile of a queue, and what people of known error rates say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.points import STATUSES, PointCandidate
from schemas.reviews import ReviewTask
from verification_ui.page.hotkeys import CANDIDATE_KEYS

WRONG, UNSURE = 1 / 6, 1 / 30
"""Shares of the candidates whose claim is wrong, and of which nobody can tell."""

OPPOSITE = {"ACCEPTED": "REJECTED", "REJECTED": "ACCEPTED"}


def chance(*parts: object) -> float:
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


@dataclass(frozen=True)
class Plan:
    """Every task and tile by number. Nothing depends on what is asked there, so that masks may change and errors stay.

    Attributes:
        tasks: the queue, first task first.
        candidates: by id.
        rates: share of wrong answers by person.
    """

    tasks: list[ReviewTask]
    candidates: Mapping[str, PointCandidate]
    rates: Mapping[str, float]

    def claim(self, task: int, tile: int) -> str:
        return "ACCEPTED" if self.candidates[self.tasks[task].candidate_ids[tile]].is_fg_candidate else "REJECTED"

    def truth(self, task: int, tile: int) -> str:
        drawn, claim = chance("truth", task, tile), self.claim(task, tile)
        return "AMBIGUOUS" if drawn < UNSURE else OPPOSITE[claim] if drawn < UNSURE + WRONG else claim

    def slip(self, task: int, tile: int) -> str:
        """What somebody says who errs."""
        truth = self.truth(task, tile)
        return OPPOSITE.get(truth, self.claim(task, tile))

    def answer(self, who: str, task: int, tile: int) -> str:
        errs = chance(who, task, tile) < self.rates[who]
        return self.slip(task, tile) if errs else self.truth(task, tile)

    def answers(self, who: str, task: int) -> dict[str, str]:
        return {name: self.answer(who, task, i) for i, name in enumerate(self.tasks[task].candidate_ids)}

    def keys(self, who: str, task: int) -> list[str]:
        """The keys that say so."""
        said = [self.answer(who, task, i) for i in range(len(self.tasks[task].candidate_ids))]
        marks = [(i, s) for i, s in enumerate(said) if s != self.claim(task, i)]
        return [f"Shift+{CANDIDATE_KEYS[i]}" if s == "AMBIGUOUS" else CANDIDATE_KEYS[i] for i, s in marks]

    def expected(self, one: str, other: str) -> NDArray[np.float64]:
        """(3, 3): how often two people say what, on average over many plays of the same plan."""
        table = np.zeros((len(STATUSES), len(STATUSES)))
        for task in range(len(self.tasks)):
            for tile in range(len(self.tasks[task].candidate_ids)):
                table += np.outer(self._odds(one, task, tile), self._odds(other, task, tile))
        return table / table.sum()

    def _odds(self, who: str, task: int, tile: int) -> NDArray[np.float64]:
        odds = np.zeros(len(STATUSES))
        odds[STATUSES.index(self.truth(task, tile))] += 1 - self.rates[who]
        odds[STATUSES.index(self.slip(task, tile))] += self.rates[who]
        return odds
