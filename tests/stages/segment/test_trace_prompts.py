import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.segment.trace_prompts import (
    clean_trace,
    drop_fast,
    drop_outliers,
    fence_box,
    loose_square,
    outlier_limit,
    pick_clicks,
    resample,
    smooth,
    speeds,
    trim_ends,
)


def line(n, step=1.0):
    return np.stack([np.arange(n) * step, np.zeros(n)], axis=1)


def test_ends_of_a_long_part_are_trimmed_and_a_short_part_is_whole():
    assert trim_ends(line(10))[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert trim_ends(line(25))[:, 0].tolist() == list(range(2, 23))
    assert len(trim_ends(line(9))) == 9


def test_the_limit_is_infinite_when_more_than_half_of_the_values_are_alike():
    assert outlier_limit(np.array([1.0, 1.0, 1.0, 9.0])) == float("inf")
    assert outlier_limit(np.array([0.0, 1.0, 2.0])) == pytest.approx(1 + 3 * 1.4826)


def test_speed_is_pixels_a_millisecond_and_equal_times_do_not_divide_by_zero():
    assert speeds(np.array([[0.0, 0], [0, 6], [8, 6]]), np.array([0, 3, 3])).tolist() == [0, 2, 8]


def test_a_jump_is_dropped_over_all_parts_together():
    slow = np.array([[0.0, 0], [1, 0], [3, 0], [6, 0], [8, 0]])
    jump = np.array([[50.0, 0], [51, 0], [150, 0]])
    kept = drop_fast([slow, jump], [np.arange(5) * 10, np.arange(3) * 10])
    assert kept[0][:, 0].tolist() == [0, 1, 3, 6, 8]
    assert kept[1][:, 0].tolist() == [50, 51]


def test_a_far_point_is_dropped_and_its_empty_part_with_it():
    near = np.array([[10.0, 10], [11, 10], [12, 11], [10, 13], [14, 10]])
    kept = drop_outliers([near, np.array([[300.0, 200]])])
    assert len(kept) == 1
    assert kept[0].tolist() == near.tolist()


def test_never_more_than_forty_percent_are_outliers():
    points = np.concatenate([line(6, 0.01), 1000.0 + 50 * line(4)])
    assert sum(map(len, drop_outliers([points]))) == 6
    half = np.concatenate([line(5, 0.01), 1000.0 + 50 * line(5)])
    assert sum(map(len, drop_outliers([half]))) >= 6


def test_a_spike_is_smoothed_away():
    part = line(7)
    part[3] = [3, 40]
    assert smooth(part)[:, 1].tolist() == [0] * 7


def test_points_are_resampled_by_arc_length_round_a_corner():
    corner = np.array([[0.0, 0], [6, 0], [6, 8]])
    assert resample(corner, 4.0).tolist() == [[0, 0], [4, 0], [6, 2], [6, 6]]
    assert resample(np.array([[5.0, 7]]), 4.0).tolist() == [[5, 7]]


def test_the_first_click_is_in_the_dense_part_and_the_next_are_far_from_it():
    dense = np.array([[50.0 + 0.1 * i, 50] for i in range(11)])
    points = np.concatenate([dense, [[10.0, 50], [90, 50], [52, 50]]])
    clicks = pick_clicks(points, 20.0)
    assert clicks[:, 0].tolist() == [50.5, 10, 90]
    assert pick_clicks(points, 45.0)[:, 0].tolist() == [50.5]
    assert pick_clicks(np.array([[3.0, 4]]), 20.0).tolist() == [[3, 4]]


def test_the_loose_square_follows_the_quadratic():
    points = np.array([[190.0, 100], [210, 100]])
    u = 2 * 10 / 200
    side = 200 * (0.239715 + 1.6737112 * u - 0.42075962 * u**2)
    assert loose_square(points, 200, 400) == pytest.approx(
        [200 - side / 2, 100 - side / 2, 200 + side / 2, 100 + side / 2]
    )


def test_the_loose_square_is_clipped_to_the_frame():
    assert loose_square(np.array([[0.0, 0]]), 100, 100) == pytest.approx([0, 0, 11.98575, 11.98575])


def test_the_fence_holds_the_square_and_the_grown_percentile_box():
    points = np.stack([np.linspace(0, 1000, 101), np.full(101, 50.0)], axis=1)
    x0, y0, x1, y1 = fence_box(points, 100, 1000)
    square = loose_square(points, 100, 1000)
    assert (x0, x1) == (0, 1000)
    assert y0 <= square[1] <= square[3] <= y1
    wide = fence_box(points[20:80], 100, 1000)
    low, high = np.percentile(points[20:80, 0], [2, 98])
    assert wide[0] == pytest.approx(min(loose_square(points[20:80], 100, 1000)[0], low - 0.1 * (high - low)))


@given(st.lists(st.tuples(st.floats(0, 639), st.floats(0, 359)), min_size=1, max_size=40))
def test_a_cleaned_trace_is_never_empty_and_stays_in_the_hull(points):
    part = np.array(points)
    cleaned = clean_trace([part], [np.arange(len(part)) * 16], 360, 640)
    assert len(cleaned) >= 1
    assert (cleaned >= part.min(axis=0) - 1e-6).all()
    assert (cleaned <= part.max(axis=0) + 1e-6).all()
