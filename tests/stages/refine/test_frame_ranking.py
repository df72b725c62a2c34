"""The frame most worth checking: doubtful, and with many frames that depend on it."""

from __future__ import annotations

import numpy as np
import pytest

from stages.refine.frame_ranking import best_frame, best_frames, expected_errors
from stages.refine.ranges import reach_of


def test_of_two_doubtful_frames_the_one_that_more_frames_depend_on_comes_first() -> None:
    qualities = [0.9] * 100
    for idx in (*range(4, 8), *range(40, 80)):
        qualities[idx] = 0.3
    look = best_frame(qualities, expected_errors(qualities), annotated=[0, 10])
    assert look is not None
    assert 40 <= look.frame_idx < 80
    assert (look.quality, look.n_frames) == (0.3, 89)


def test_a_moment_without_a_mask_is_doubtful_and_a_long_absence_is_not() -> None:
    gap = [0.9] * 10 + [-1.0] + [0.9] * 10
    look = best_frame(gap, expected_errors(gap), annotated=[0])
    assert look is not None
    assert look.frame_idx == 10
    away = [0.8] * 10 + [-1.0] * 40
    look = best_frame(away, expected_errors(away), annotated=[])
    assert look is not None
    assert look.frame_idx < 10


def test_annotated_and_seen_frames_are_left_out() -> None:
    qualities = [0.9, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9]
    look = best_frame(qualities, expected_errors(qualities), annotated=[], seen=[1])
    assert look is not None
    assert look.frame_idx > 3
    assert best_frame([0.5, 0.5], expected_errors([0.5, 0.5]), annotated=[0, 1]) is None


def test_no_look_is_at_a_lost_frame_even_where_nothing_else_is_left() -> None:
    qualities = [0.9, -1.0, 0.9, 0.9]
    errors = expected_errors(qualities, lost=[1])
    assert [look.frame_idx for look in best_frames(qualities, errors, annotated=[0])] == [2, 3]
    assert best_frame(qualities, errors, annotated=[0, 2, 3]) is None


def test_no_look_reaches_over_a_cut() -> None:
    look = best_frame([0.5] * 20, expected_errors([0.5] * 20), annotated=[], cuts=[15])
    assert look is not None
    assert (look.frame_idx < 15, look.n_frames) == (True, 15)


def test_the_best_frames_begin_with_the_best_one_and_each_counts_what_is_left() -> None:
    qualities = np.random.default_rng(0).uniform(0, 1, 200).tolist()
    errors = expected_errors(qualities)
    looks = best_frames(qualities, errors, [0, 50], [120], most=4)
    assert looks[0] == best_frame(qualities, expected_errors(qualities), [0, 50], [120])
    assert [look.gain for look in looks] == sorted((look.gain for look in looks), reverse=True)
    assert errors.sum() == expected_errors(qualities).sum()


def test_a_second_look_beside_the_first_gains_little() -> None:
    qualities = [0.5] * 40
    first, second = best_frames(qualities, expected_errors(qualities), [], [20], most=2)
    assert (first.frame_idx < 20, second.frame_idx < 20) == (True, False)
    assert second.gain == first.gain


def test_the_gain_weighs_each_frame_by_how_near_a_correction_is() -> None:
    qualities = [0.5] * 11
    (look,) = best_frames(qualities, expected_errors(qualities), [0, 10], most=1)
    reach = reach_of(look.frame_idx, [0, 10], 11)
    assert look.gain == pytest.approx(0.5 * sum(0.5 * reach.nearness(idx) for idx in reach.frames))


def test_what_people_said_counts_more_than_the_quality() -> None:
    qualities = [0.9] * 21
    errors = expected_errors(qualities)
    errors[4] = 0.8
    assert best_frames(qualities, errors, [0])[0].frame_idx == 4


def test_where_people_judged_some_frames_those_come_before_others_that_are_as_doubtful() -> None:
    errors = expected_errors([0.5, 0.5, 0.5], {1: 0.25})
    assert errors.tolist() == [0.45, 0.5, 0.45]
    assert expected_errors([0.5, 0.5, -1.0], wrong=[0], lost=[2]).tolist() == [0.9, 0.5, 0.0]
