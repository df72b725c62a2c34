from __future__ import annotations

from stages.evaluate.points import PointClaim, PointScore, score_by_kind, score_points


def test_ratios_follow_from_the_counts():
    score = PointScore(true_fg=6, false_fg=2, true_bg=9, false_bg=3, n_ambiguous=5, n_unknown=1)
    assert (score.n, score.accuracy, score.fg_agreement, score.bg_agreement) == (20, 0.75, 0.75, 0.75)
    assert score.fg_recall == 6 / 9
    assert score.bg_specificity == 9 / 11
    assert score.balanced_accuracy == (6 / 9 + 9 / 11) / 2


def test_ambiguous_and_unknown_claims_are_counted_apart():
    claims = [PointClaim("a", None, True), PointClaim("a", True, None), PointClaim("b", True, True)]
    assert score_points(claims) == PointScore(1, 0, 0, 0, n_ambiguous=1, n_unknown=1)
    assert score_by_kind(claims)["b"] == PointScore(1, 0, 0, 0)


def test_a_ratio_without_cases_is_none():
    score = score_points([])
    assert (score.accuracy, score.fg_recall, score.balanced_accuracy, score.fg_agreement) == (None,) * 4
