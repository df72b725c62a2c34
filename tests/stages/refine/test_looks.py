"""The look that is worth most: doubtful, and with many frames that depend on it."""

from __future__ import annotations

from stages.refine.looks import best_look


def test_of_two_doubtful_frames_the_one_that_more_frames_depend_on_comes_first() -> None:
    qualities = [0.9] * 100
    for idx in (*range(4, 8), *range(40, 80)):
        qualities[idx] = 0.3
    look = best_look(qualities, annotated=[0, 10])
    assert look is not None
    assert 40 <= look.frame_idx < 80
    assert (look.quality, look.n_frames) == (0.3, 89)


def test_a_moment_without_a_mask_is_doubtful_and_a_long_absence_is_not() -> None:
    gap = [0.9] * 10 + [-1.0] + [0.9] * 10
    look = best_look(gap, annotated=[0])
    assert look is not None
    assert look.frame_idx == 10
    away = [0.8] * 10 + [-1.0] * 40
    look = best_look(away, annotated=[])
    assert look is not None
    assert look.frame_idx < 10


def test_annotated_and_seen_frames_are_left_out() -> None:
    qualities = [0.9, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9]
    look = best_look(qualities, annotated=[], seen=[1])
    assert look is not None
    assert look.frame_idx > 3
    assert best_look([0.5, 0.5], annotated=[0, 1]) is None


def test_no_look_reaches_over_a_cut() -> None:
    look = best_look([0.5] * 20, annotated=[], cuts=[15])
    assert look is not None
    assert (look.frame_idx < 15, look.n_frames) == (True, 15)
