from __future__ import annotations

import dataclasses
from itertools import islice

import pytest

from schemas.gold import Gold
from schemas.points import PointCandidate
from stages.consensus.gold import anchoring, gold_scores, plant, unanimous_statuses, with_gold


def candidate(name, is_fg):
    return PointCandidate(name, "v", "1", 0, 5, 7, is_fg, "interior", 0.1, 4.0, 0.8, 0, 0)


CANDIDATES = [candidate(f"c{i:04}", i % 2 == 0) for i in range(2000)]
CLAIMS = {c.candidate_id: c.is_fg_candidate for c in CANDIDATES}
TRUTH = {c.candidate_id: "ACCEPTED" if c.is_fg_candidate else "REJECTED" for c in CANDIDATES}


def test_planted_claims_are_wrong_and_as_many_as_asked():
    golds = plant(CLAIMS, TRUTH, "ground_truth", 0.1)
    assert 160 <= len(golds) <= 240
    for gold in golds:
        assert gold.true_status == TRUTH[gold.of_candidate_id]
        assert gold.is_fg_candidate == (gold.true_status == "REJECTED")
    assert plant(CLAIMS, TRUTH, "ground_truth", 0.1) == golds
    assert {g.of_candidate_id for g in golds} <= {
        g.of_candidate_id for g in plant(dict(reversed(CLAIMS.items())), TRUTH, "ground_truth", 0.2)
    }
    assert len(plant(CLAIMS, TRUTH, "ground_truth", 1.0)) == 2000
    assert plant(CLAIMS, TRUTH, "ground_truth", 0.0) == []


def test_only_right_proposals_with_a_sure_answer_are_flipped():
    known = {"c0000": "REJECTED", "c0001": "ACCEPTED", "c0002": "AMBIGUOUS", "c0004": "ACCEPTED"}
    assert [g.of_candidate_id for g in plant(CLAIMS, known, "unanimous", 1.0)] == ["c0004"]


def test_gold_stands_in_the_place_of_its_original_and_looks_like_any_other():
    (gold,) = plant(CLAIMS, {"c0002": "ACCEPTED"}, "ground_truth", 1.0)
    asked = with_gold(CANDIDATES, [gold])
    assert [i for i, (a, b) in enumerate(zip(asked, CANDIDATES, strict=True)) if a != b] == [2]
    assert asked[2] == dataclasses.replace(CANDIDATES[2], candidate_id=gold.candidate_id, is_fg_candidate=False)
    assert len(gold.candidate_id) == 32
    assert "gold" not in gold.candidate_id


def test_scores_tell_who_corrects_and_who_leaves_things_as_they_are(verdict):
    golds = plant(dict(islice(CLAIMS.items(), 4)), TRUTH, "ground_truth", 1.0)
    careful = [verdict(g.candidate_id, "al", g.true_status) for g in golds]
    lazy = [verdict(g.candidate_id, "bo", "ACCEPTED" if g.is_fg_candidate else "REJECTED") for g in golds[:3]]
    scores = gold_scores(golds, [*careful, *lazy, verdict(golds[3].candidate_id, "bo", "AMBIGUOUS")])
    assert (scores["al"].right.part, scores["al"].untouched.part) == (4, 0)
    assert (scores["bo"].right.part, scores["bo"].untouched.part, scores["bo"].untouched.whole) == (0, 3, 4)
    assert gold_scores(golds, [verdict("c0000", "cy", "ACCEPTED")]) == {}


def test_anchoring_counts_everybody_and_takes_the_answers_to_one_pixel_as_alike(verdict):
    golds = plant(dict(islice(CLAIMS.items(), 4)), TRUTH, "ground_truth", 1.0)
    shown = ["ACCEPTED" if g.is_fg_candidate else "REJECTED" for g in golds]
    hard = [verdict(golds[0].candidate_id, who, shown[0]) for who in ("al", "bo", "cy")]
    easy = [verdict(g.candidate_id, who, g.true_status) for g in golds[1:] for who in ("al", "bo", "cy")]
    found = anchoring(golds, [*hard, *easy, verdict("c0000", "al", "ACCEPTED")])
    assert (found.part, found.whole, found.design_effect) == (3, 12, 3)
    assert anchoring(golds, [verdict(golds[0].candidate_id, "al", "AMBIGUOUS")]).rate == 0.0


def test_unanimous_needs_two_people_of_one_sure_mind(verdict):
    said = [verdict(c, who, s) for c, who, s in (
        ("a", "al", "ACCEPTED"), ("a", "bo", "ACCEPTED"), ("b", "al", "ACCEPTED"), ("c", "al", "ACCEPTED"),
        ("c", "bo", "REJECTED"), ("d", "al", "AMBIGUOUS"), ("d", "bo", "AMBIGUOUS"),
    )]  # fmt: skip
    machine = [dataclasses.replace(v, annotator="simulated", source="simulated") for v in said if v.candidate_id == "b"]
    assert unanimous_statuses([*said, *machine]) == {"a": "ACCEPTED"}


def test_gold_that_claims_the_truth_is_refused():
    with pytest.raises(ValueError, match="'g' claims what is true"):
        Gold("g", "c", True, "ACCEPTED", "unanimous")
