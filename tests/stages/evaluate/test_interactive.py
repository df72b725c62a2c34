"""Measures of rounds, by hand."""

from __future__ import annotations

import pytest

from stages.evaluate.interactive import round_auc, score_at, time_auc


def test_r_auc_is_the_sum_and_half_of_the_last_round_over_nine() -> None:
    scores = [0.5, 0.6, 0.7, 0.7, 0.8, 0.8, 0.8, 0.9]
    assert round_auc(scores) == pytest.approx((5.8 + 0.45) / 9)
    assert round_auc([]) == 0.0


def test_a_score_between_two_rounds_is_interpolated_and_the_last_one_stays() -> None:
    assert score_at([0.4, 0.8], [10.0, 30.0], 20.0) == pytest.approx(0.6)
    assert score_at([0.4, 0.8], [10.0, 30.0], 60.0) == 0.8


def test_the_area_over_time_counts_what_lies_before_the_horizon_alone() -> None:
    assert time_auc([1.0, 1.0], [0.0001, 60.0]) == pytest.approx(1.0, abs=1e-5)
    assert time_auc([0.5, 1.0], [30.0, 90.0]) == pytest.approx((0.25 * 30 + 0.625 * 30) / 60)
