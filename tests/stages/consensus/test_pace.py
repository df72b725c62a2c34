from __future__ import annotations

import math
from collections import defaultdict
from statistics import median

import numpy as np
import pytest

from stages.consensus import pace as module
from stages.consensus.pace import Pace, paces


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


def slow_paces(verdicts, key):
    """The same, with every verdict in memory."""
    leads, counts, tasks = defaultdict(dict), defaultdict(lambda: defaultdict(int)), defaultdict(set)
    for v in sorted(verdicts, key=lambda v: v.lead_time_s):
        leads[v.annotator][v.task_key] = v.lead_time_s
        counts[key(v)][v.annotator, v.lead_time_s] += 1
        tasks[key(v)].add((v.annotator, v.task_key))
    limits = {}
    for who, found in leads.items():
        middle = median(found.values())
        limits[who] = middle + 3.0 * 1.4826 * median(abs(lead - middle) for lead in found.values())
    return {
        name: Pace(
            len(tasks[name]),
            sum(found.values()),
            math.fsum(min(lead, limits[who]) * n for (who, lead), n in found.items()),
            math.fsum((lead - min(lead, limits[who])) * n for (who, lead), n in found.items()),
        )
        for name, found in counts.items()
    }


@pytest.mark.parametrize("held", [7, 100, 10_000])
def test_however_few_are_held_the_figures_are_those_of_all_verdicts_at_once(verdict, monkeypatch, held):
    monkeypatch.setattr(module, "_HELD", held)
    random = np.random.default_rng(0)
    given = []
    for number in range(600):
        lead = float(random.exponential(2.0))
        for place in range(5):
            again = lead + 1 if random.random() < 0.05 else lead
            given.append(
                verdict(f"c{random.integers(10**6)}-{place}", f"p{number % 7}", "ACCEPTED", f"t{number // 2}", again)
            )
    order = random.permutation(len(given))
    given = [given[i] for i in order]
    for key in (lambda v: v.annotator, lambda v: v.task_key[:2], lambda v: v.status):
        found = paces(given, key)
        assert found == slow_paces(given, key)
        assert list(found) == list(dict.fromkeys(map(key, given))), "by first appearance"
    assert paces([], key) == {}
