"""Robots click exactly where their papers say."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.localizations import Clicks
from stages.simulate.clicks import STRATEGIES, correcting_clicks
from stages.simulate.error_regions import error_regions, regions
from stages.simulate.scribbles import longest_way, scribble, skeleton

SHAPE = (120, 200)


def rectangle(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


TRUTH = rectangle(20, 71, 20, 121)
MASK = rectangle(20, 71, 60, 121) | rectangle(90, 111, 150, 181)
"""Missed: columns 20..59 of the object. Wrong: a block below it."""


def test_what_was_missed_and_what_is_wrong_are_regions_of_their_own_the_largest_first() -> None:
    found = error_regions(TRUTH, MASK)
    assert [(one.label, one.left, one.top, one.area) for one in found] == [(1, 20, 20, 2040), (0, 150, 90, 651)]


def test_regions_meet_at_corners_and_small_ones_are_dropped() -> None:
    corners = rectangle(10, 20, 10, 20) | rectangle(20, 30, 20, 30)
    assert [one.area for one in error_regions(corners, np.zeros(SHAPE, bool))] == [200]
    assert error_regions(rectangle(10, 19, 10, 21), np.zeros(SHAPE, bool)) == []
    assert len(error_regions(rectangle(10, 20, 10, 20), np.zeros(SHAPE, bool))) == 1


def test_in_a_large_frame_a_thousandth_of_it_is_the_least() -> None:
    large = np.zeros((1000, 1000), dtype=bool)
    large[:27, :37] = True
    assert error_regions(large, np.zeros_like(large)) == []
    large[27, 0] = True
    assert len(error_regions(large, np.zeros_like(large))) == 1


def test_f3_clicks_the_pixel_of_each_region_that_is_farthest_from_its_edge() -> None:
    assert correcting_clicks("f3", TRUTH, MASK) == Clicks(((39.0, 39.0), (160.0, 100.0)), (1, 0))
    assert correcting_clicks("f3", TRUTH, MASK, most=1) == Clicks(((39.0, 39.0),), (1,))


def test_the_edge_of_the_frame_is_an_edge_of_the_region() -> None:
    assert correcting_clicks("f3", rectangle(0, 41, 0, 41), np.zeros(SHAPE, bool)) == Clicks(((20.0, 20.0),), (1,))


def test_a_skeleton_of_a_bar_is_its_middle_line_and_the_stroke_follows_it() -> None:
    bar = rectangle(50, 59, 30, 131)
    line = skeleton(bar)
    assert set(np.nonzero(line)[0]) == {54}
    stroke = scribble(regions(bar, 1)[0])
    assert set(stroke.xy_px[:, 1]) == {54}
    assert (stroke.xy_px[:, 0].min(), stroke.xy_px[:, 0].max()) == (35, 124)


def test_the_longest_way_takes_the_two_long_arms_of_a_cross() -> None:
    cross = np.zeros((9, 21), dtype=bool)
    cross[4, :] = True
    cross[2:7, 5] = True
    way = longest_way(cross)
    assert sorted(way[:, 0].tolist()) == list(range(21))
    assert set(way[:, 1]) == {4}


def test_strokes_never_leave_their_region() -> None:
    y, x = np.mgrid[:120, :200]
    radius = np.hypot(y - 60, x - 100)
    ring = (radius < 50) & (radius > 40)
    stroke = scribble(regions(ring, 1)[0])
    assert ring[stroke.xy_px[:, 1], stroke.xy_px[:, 0]].all()
    assert len(stroke.xy_px) > 100


def test_a_region_of_two_by_two_pixels_still_has_a_skeleton() -> None:
    assert skeleton(np.ones((2, 2), dtype=bool)).sum() == 1


def test_f2_clicks_the_middle_of_every_scribble_and_f1_the_mean_of_all_of_one_label() -> None:
    nothing = np.zeros(SHAPE, dtype=bool)
    bars = rectangle(20, 31, 20, 121) | rectangle(60, 71, 20, 121)
    two = correcting_clicks("f2", bars, nothing)
    assert two is not None
    assert [xy for xy, _ in zip(two.xy_px, two.labels, strict=True)] == [(69.0, 25.0), (69.0, 65.0)]
    one = correcting_clicks("f1", bars, nothing)
    assert one is not None
    assert len(one.xy_px) == 1
    assert one.xy_px[0] in two.xy_px


def test_f1_clicks_once_on_the_object_and_once_off_it() -> None:
    found = correcting_clicks("f1", TRUTH, MASK)
    assert found is not None
    assert found.labels == (1, 0)


def test_realistic_clicks_are_off_the_centre_deep_more_often_than_shallow_and_follow_the_seed() -> None:
    nothing = np.zeros(SHAPE, dtype=bool)
    clicks = [correcting_clicks("realistic", TRUTH, nothing, seed=(seed,)) for seed in range(400)]
    assert clicks[3] == correcting_clicks("realistic", TRUTH, nothing, seed=(3,))
    points = np.array([one.xy_px[0] for one in clicks if one], dtype=int)
    depth = error_regions(TRUTH, nothing)[0].depth()
    drawn = depth[points[:, 1] - 20, points[:, 0] - 20]
    expected = float((depth**2).sum() / depth.sum())
    assert drawn.mean() == pytest.approx(expected, rel=0.05)
    assert expected > 1.2 * depth.mean()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_click_is_right_and_a_right_mask_gets_none(strategy: str) -> None:
    found = correcting_clicks(strategy, TRUTH, MASK)
    assert found is not None
    assert [bool(TRUTH[int(y), int(x)]) for x, y in found.xy_px] == [label == 1 for label in found.labels]
    assert correcting_clicks(strategy, TRUTH, TRUTH) is None


def test_nothing_is_wrong_where_the_truth_is_open() -> None:
    assert correcting_clicks("f3", TRUTH, MASK, void=TRUTH ^ MASK) is None


def test_an_unknown_strategy_is_named() -> None:
    with pytest.raises(ValueError, match="unknown click strategy 'f4'; known: f1, f2, f3, realistic"):
        correcting_clicks("f4", TRUTH, MASK)
