"""What a budget buys, by hand."""

from __future__ import annotations

from stages.simulate.mixes import Mix, best_masks, efficient, most_points, purchases

CHEAP = Mix(1, 3, 5, 25.0, 0.80, 14.0, 0.99)
BETTER = Mix(2, 3, 5, 32.0, 0.84, 14.0, 0.99)
WORSE = Mix(2, 3, 5, 40.0, 0.84, 13.0, 0.99)
MORE = Mix(1, 10, 20, 220.0, 0.80, 180.0, 0.99)


def test_a_mix_that_costs_more_and_gives_no_more_is_left_out() -> None:
    assert efficient([MORE, WORSE, BETTER, CHEAP]) == [CHEAP, BETTER, MORE]
    assert efficient([CHEAP, CHEAP]) == [CHEAP, CHEAP]


def test_a_budget_reaches_all_objects_or_as_many_as_it_can_pay() -> None:
    bought = purchases([CHEAP, BETTER, MORE], 320.0, 10)
    assert [(one.objects, one.verified) for one in bought] == [(10, 140.0), (10, 140.0), (1, 180.0)]
    assert best_masks(bought).mix == BETTER
    assert most_points(bought).mix == MORE


def test_best_masks_are_those_of_a_mix_that_reaches_the_most_objects() -> None:
    assert best_masks(purchases([CHEAP, BETTER], 260.0, 10)).mix == CHEAP
