from __future__ import annotations

from collections import defaultdict
from itertools import combinations

from schemas.gold import Gold
from stages.consensus.audit import audit


def counted(verdicts):
    groups = defaultdict(list)
    for v in verdicts:
        groups[v.candidate_id].append(v)
    return dict(groups)


def test_planted_error_rates_and_gold_are_found_and_gold_is_kept_apart(crowd, verdict):
    rates = {"al": 0.03, "bo": 0.1, "cy": 0.25, "di": 0.45}
    _, verdicts = crowd(rates, 500)
    golds = [Gold(f"g{i}", f"c{i:05}", True, "REJECTED", "ground_truth") for i in range(40)]
    verdicts += [verdict(g.candidate_id, "al", "REJECTED", "tg") for g in golds]
    verdicts += [verdict(g.candidate_id, "cy", "ACCEPTED" if i % 4 else "REJECTED", "tg") for i, g in enumerate(golds)]
    found = audit(counted(verdicts), golds)
    assert (found.n_candidates, found.n_several) == (500, 500)
    people = {a.annotator: a for a in found.annotators}
    for name, rate in rates.items():
        low, high = people[name].error.interval()
        assert low <= rate <= high
    assert people["al"].gold.right.rate == 1.0
    assert people["cy"].gold.untouched.rate == 0.75
    assert people["bo"].gold.right.whole == 0
    assert [a.pace.n_points for a in found.annotators] == [540, 500, 540, 500]
    assert [(one, other) for one, other, _ in found.cohen] == list(combinations(rates, 2))
    assert found.fleiss.low < found.fleiss.value < found.fleiss.high


def test_conflicts_are_those_candidates_on_which_people_differ_the_most_doubtful_first(verdict):
    said = [verdict(f"c{i}", who, "ACCEPTED") for i in range(20) for who in ("al", "bo", "cy")]
    said += [verdict("d", "al", "ACCEPTED"), verdict("d", "bo", "ACCEPTED"), verdict("d", "cy", "REJECTED")]
    said += [verdict("e", "al", "ACCEPTED"), verdict("e", "bo", "REJECTED"), verdict("f", "al", "REJECTED")]
    found = audit(counted(said), [])
    assert {c.candidate_id for c in found.conflicts} == {"d", "e"}
    assert [c.probability for c in found.conflicts] == sorted(c.probability for c in found.conflicts)
    assert dict(next(c for c in found.conflicts if c.candidate_id == "e").answers) == {
        "al": "ACCEPTED", "bo": "REJECTED",
    }  # fmt: skip
    assert (found.n_candidates, found.n_several) == (23, 22)


def test_one_annotator_alone_has_a_pace_and_no_agreement(verdict):
    found = audit(counted([verdict(f"c{i}", "al", "ACCEPTED") for i in range(3)]), [])
    assert (found.n_several, found.fleiss.n, found.cohen, list(found.conflicts)) == (0, 0, (), [])
    (al,) = found.annotators
    assert (al.pace.seconds_a_point, al.error.whole, al.gold.right.whole) == (1.0, 0, 0)
