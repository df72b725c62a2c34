"""Simulated annotators with planted error rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import numpy as np
import pytest

from schemas.points import STATUSES
from schemas.reviews import Verdict

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def make_verdict(candidate_id: str, annotator: str, status: str, task_key: str = "t", lead_time_s: float = 1.0):
    return Verdict(candidate_id, status, annotator, "label_studio", lead_time_s, task_key, f"{annotator}1", WHEN)


@pytest.fixture
def verdict() -> Callable[..., Verdict]:
    return make_verdict


@pytest.fixture
def crowd() -> Callable[..., tuple[dict[str, str], list[Verdict]]]:
    """(truth by candidate id, verdicts) of annotators who err with the given rates, ten candidates a task."""

    def make(error_rates: Mapping[str, float], n: int, seed: int = 0, share: float = 1.0):
        random = np.random.default_rng(seed)
        truth = random.choice(3, n, p=(0.45, 0.45, 0.1))
        verdicts = []
        for name, rate in error_rates.items():
            wrong = (truth + random.integers(1, 3, n)) % 3
            answers = np.where(random.random(n) < rate, wrong, truth)
            asked = random.random(n) < share
            verdicts += [
                make_verdict(f"c{i:05}", name, STATUSES[answers[i]], f"t{i // 10:04}") for i in range(n) if asked[i]
            ]
        return {f"c{i:05}": STATUSES[t] for i, t in enumerate(truth)}, verdicts

    return make
