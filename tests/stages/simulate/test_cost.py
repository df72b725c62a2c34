from __future__ import annotations

from stages.simulate.cost import human_cost


def test_ten_frames_of_twenty_points_cost_a_quarter_of_ten_polygons():
    cost = human_cost({}, 10, 200)
    assert (cost.verifying_s, cost.polygons_s) == (220.0, 790.0)


def test_localizations_cost_by_kind():
    assert human_cost({"clicks": 3, "box": 1, "trace": 1, "mask": 1}, 0, 0).localizing_s == 4.5 + 7 + 11 + 79
