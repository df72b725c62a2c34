from __future__ import annotations

import math

import numpy as np
import pytest

from stages.consensus.proportions import Z95, Proportion


def test_wilsons_interval_is_where_the_score_test_turns():
    for part, whole in ((0, 5), (1, 10), (7, 9), (81, 263), (2.5, 40.0)):
        share = Proportion(part, whole)
        for end in share.interval():
            if 0 < end < 1:
                score = abs(share.rate - end) / math.sqrt(end * (1 - end) / whole)
                assert score == pytest.approx(Z95, abs=1e-9)


def test_wilsons_interval_is_that_of_the_textbook():
    low, high = Proportion(81, 263).interval()  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_it_holds_the_true_share_about_19_times_in_20():
    parts = np.random.default_rng(0).binomial(60, 0.1, 4000)
    inside = [low <= 0.1 <= high for low, high in (Proportion(p, 60).interval() for p in parts)]
    assert 0.93 < np.mean(inside) < 0.98


def test_a_share_of_nothing_tells_nothing():
    assert math.isnan(Proportion(0, 0).rate)
    assert Proportion(0, 0).interval() == (0.0, 1.0)
    assert str(Proportion(0, 0)) == "–"
    assert str(Proportion(1, 10)) == "10.0% (1.8%–40.4%, n = 10)"


def test_more_than_the_whole_is_refused():
    with pytest.raises(ValueError, match=r"part 3 is not in \[0, 2\]"):
        Proportion(3, 2)
