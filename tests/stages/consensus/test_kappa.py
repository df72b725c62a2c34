from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pytest

from schemas.points import STATUSES
from stages.consensus.kappa import cohen_kappa, fleiss_kappa, percentage_agreement
from stages.consensus.votes import Votes

# Fleiss 1971 has 5 categories; here 4 candidates by 3 annotators, worked out by hand: P = 2/3, Pe = 31/72.
TABLE = ("AAA", "AAR", "RRR", "ARM")
NAMES = {"A": "ACCEPTED", "R": "REJECTED", "M": "AMBIGUOUS"}


def by_candidate(verdicts):
    said = defaultdict(dict)
    for v in verdicts:
        said[v.candidate_id][v.annotator] = v.status
    return said


def slow_fleiss(verdicts):
    rows = [Counter(s.values()) for s in by_candidate(verdicts).values() if len(s) > 1]
    agree = [np.mean([a == b for a, b in combinations(r.elements(), 2)]) for r in rows]
    chance = sum(np.mean([r[status] / r.total() for r in rows]) ** 2 for status in STATUSES)
    return (np.mean(agree) - chance) / (1 - chance)


def slow_cohen(verdicts, one, other):
    pairs = [(s[one], s[other]) for s in by_candidate(verdicts).values() if one in s and other in s]
    observed = np.mean([a == b for a, b in pairs])
    chance = sum(np.mean([a == s for a, _ in pairs]) * np.mean([b == s for _, b in pairs]) for s in STATUSES)
    return (observed - chance) / (1 - chance)


def test_a_small_table_worked_out_by_hand(verdict):
    said = [verdict(f"c{i}", f"a{j}", NAMES[x]) for i, row in enumerate(TABLE) for j, x in enumerate(row)]
    votes = Votes.of(said)
    shares = [(3 + 2 + 0 + 1) / 12, (0 + 1 + 3 + 1) / 12, 1 / 12]
    chance = sum(s * s for s in shares)
    observed = (1 + 1 / 3 + 1 + 0) / 4
    assert percentage_agreement(votes).value == pytest.approx(observed)
    assert fleiss_kappa(votes).value == pytest.approx((observed - chance) / (1 - chance))


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_kappas_are_those_of_the_definition(crowd, share):
    _, verdicts = crowd({"al": 0.05, "bo": 0.2, "cy": 0.4}, 300, share=share)
    votes = Votes.of(verdicts)
    assert fleiss_kappa(votes).value == pytest.approx(slow_fleiss(verdicts))
    for one, other in combinations(votes.annotators, 2):
        assert cohen_kappa(votes, one, other).value == pytest.approx(slow_cohen(verdicts, one, other))


def test_intervals_hold_the_kappa_of_a_very_large_crowd(crowd):
    rates = {"al": 0.1, "bo": 0.2, "cy": 0.1}
    _, many = crowd(rates, 20_000, seed=99)
    truth = slow_fleiss(many)
    found = [fleiss_kappa(Votes.of(crowd(rates, 300, seed)[1])) for seed in range(40)]
    assert sum(e.low <= truth <= e.high for e in found) >= 35
    assert all(e.n == 300 for e in found)


def test_the_same_votes_give_the_same_interval(crowd):
    votes = Votes.of(crowd({"al": 0.1, "bo": 0.2}, 50)[1])
    assert fleiss_kappa(votes) == fleiss_kappa(votes)


def test_tasks_are_drawn_whole(verdict):
    said = []
    for task in range(6):
        for i in range(20):
            said.append(verdict(f"c{task}-{i:02}", "al", STATUSES[i % 2], f"t{task}"))
            said.append(verdict(f"c{task}-{i:02}", "bo", STATUSES[i % 2 if task < 3 else 1 - i % 2], f"t{task}"))
    agreed = percentage_agreement(Votes.of(said))
    assert agreed.value == 0.5
    assert agreed.high - agreed.low >= 0.6  # 120 independent candidates would give 0.18


def test_agreement_of_one_annotator_and_beyond_certain_chance_is_not_defined(verdict):
    alone = Votes.of([verdict("a", "al", "ACCEPTED")])
    assert (fleiss_kappa(alone).n, str(fleiss_kappa(alone))) == (0, "–")
    always = Votes.of([verdict(c, who, "ACCEPTED") for c in "ab" for who in ("al", "bo")])
    assert math.isnan(cohen_kappa(always, "al", "bo").value)
    assert percentage_agreement(always).value == 1.0
