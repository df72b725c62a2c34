from __future__ import annotations

import pytest

from stages.consensus.pace import paces


def task(verdict, who, key, seconds, n=4):
    return [verdict(f"{key}-{i}", who, "ACCEPTED", key, seconds / n) for i in range(n)]


def test_a_coffee_is_trimmed_and_work_is_not(verdict):
    lead = [4.0, 4.4, 3.6, 4.8, 3.2, 1800.0]
    pace = paces([v for i, s in enumerate(lead) for v in task(verdict, "al", f"t{i}", s)], lambda v: v.annotator)["al"]
    a_point = [s / 4 for s in lead]
    median, mad = 1.05, 0.15  # deviations .05 .05 .15 .15 .25 448.95
    cap = median + 3 * 1.4826 * mad
    assert max(a_point[:5]) < cap
    assert (pace.n_tasks, pace.n_points) == (6, 24)
    assert pace.active_s == pytest.approx(sum(lead[:5]) + 4 * cap)
    assert pace.trimmed_s == pytest.approx(1800 - 4 * cap)
    assert pace.seconds_a_point == pytest.approx(pace.active_s / 24)


def test_the_limit_is_each_annotators_own_and_the_key_is_free(verdict):
    slow = [v for i in range(5) for v in task(verdict, "slow", f"t{i}", 40.0 + i)]
    quick = [v for i in range(5) for v in task(verdict, "quick", f"t{i}", 4.0 + i / 10)]
    found = paces([*slow, *quick], lambda v: v.annotator)
    assert (found["slow"].trimmed_s, found["quick"].trimmed_s) == (0.0, 0.0)
    by_task = paces([*slow, *quick], lambda v: v.task_key)
    assert (by_task["t1"].n_tasks, by_task["t1"].n_points, by_task["t1"].active_s) == (2, 8, pytest.approx(45.1))
