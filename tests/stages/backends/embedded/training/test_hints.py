"""Views and hints that the network is trained with."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from stages.backends.embedded.segmenter.click_network import BOX, HAS_PRIOR, NEGATIVE, POSITIVE, PRIOR, TRACE
from stages.backends.embedded.training.hints import first_hints, next_hints
from stages.backends.embedded.training.pictures import Picture, make_picture
from stages.backends.embedded.training.priors import degraded_mask, drifted_mask
from stages.backends.embedded.training.views import TrainingView, take_view

SIZE = (96, 128)


def two_discs(points: bool = False) -> Picture:
    image = np.full((90, 120, 3), 40, dtype=np.uint8)
    masks = []
    for centre, colour in (((40, 45), (220, 20, 20)), ((90, 50), (20, 20, 220))):
        mask = cv2.circle(np.zeros((90, 120), dtype=np.uint8), centre, 20, 1, -1) > 0
        image[mask] = colour
        masks.append(mask)
    known = np.array([(40, 45, 1), (32, 40, 1), (90, 50, 0), (5, 5, 0)]) if points else np.zeros((0, 3), dtype=int)
    made = make_picture("p", "s", image, masks, [known, known[:0]])
    assert made is not None
    return made


def views(n: int = 40, points: bool = False) -> list[tuple[TrainingView, np.random.Generator]]:
    streams = [np.random.default_rng(seed) for seed in range(n)]
    return [(take_view(two_discs(points), 0, SIZE, rng), rng) for rng in streams]


def test_views_show_the_object_and_its_mask_moves_with_its_pixels():
    for view, _ in views():
        assert view.image.shape == (*SIZE, 3)
        assert view.mask.shape == view.other.shape == view.known.shape == SIZE
        assert not (view.mask & view.other).any()
        inner = cv2.erode(view.mask.astype(np.uint8), np.ones((5, 5))) > 0
        outer = cv2.dilate(view.mask.astype(np.uint8), np.ones((5, 5))) == 0
        if inner.sum() > 50 and view.image[inner].std(axis=0).max() < 40 and (outer & view.known).any():
            inside, outside = view.image[inner].astype(int), view.image[outer & view.known & ~view.other].astype(int)
            assert np.abs(np.median(inside, axis=0) - np.median(outside, axis=0)).max() > 8
    assert sum(view.mask.sum() > 200 for view, _ in views()) > 30


def test_points_stay_on_the_pixels_that_they_are_true_of():
    for view, _ in views(points=True):
        assert not view.has_mask
        on, off = view.known & view.truth, view.known & ~view.truth
        assert view.known.sum() <= 4
        assert cv2.dilate(view.mask.astype(np.uint8), np.ones((3, 3)))[on].all()
        assert not cv2.erode(view.mask.astype(np.uint8), np.ones((3, 3)))[off].any()


def test_first_hints_are_of_every_kind_and_positive_clicks_lie_on_the_object():
    kinds = set()
    for view, rng in views(80):
        maps = first_hints(view, rng)
        assert maps.shape == (6, *SIZE)
        assert maps.min() >= 0
        assert maps.max() <= 1
        given = [name for name, channel in zip("pntbq", maps[:5], strict=True) if channel.any()]
        kinds.add("".join(given))
        if view.mask.any() and maps[POSITIVE].any():
            assert (maps[POSITIVE] > 0)[view.mask].any()
        if maps[NEGATIVE].any():
            assert (maps[NEGATIVE] > 0)[~view.mask].any()
        assert set(np.unique(maps[HAS_PRIOR])) == {float(maps[PRIOR].any())} or not view.mask.any()
        if maps[BOX].any():
            assert (maps[BOX] > 0)[view.mask].mean() > 0.7
        if maps[TRACE].any():
            assert (cv2.dilate(view.mask.astype(np.uint8), np.ones((25, 25))) > 0)[maps[TRACE] > 0].mean() > 0.5
    assert {"p", "t", "b", "q"} <= kinds


def test_a_part_is_asked_for_by_a_box_or_a_poor_mask_alone():
    kinds = set()
    for view, rng in views():
        maps = first_hints(replace(view, is_part=True), rng)
        kinds.add((bool(maps[BOX].any()), bool(maps[HAS_PRIOR].any())))
        assert not maps[TRACE].any()
    assert kinds - {(False, False)} == {(True, False), (False, True)}  # neither where the part is out of view


def test_the_next_click_goes_where_the_answer_is_wrong():
    missed = filled = 0
    for view, rng in views():
        if view.mask.sum() < 100:
            continue
        blank = np.zeros((6, *SIZE), dtype=np.float32)
        maps = next_hints(blank, view, np.zeros(SIZE, dtype=np.float32), rng)
        if maps[POSITIVE].any():
            missed += 1
            assert (maps[POSITIVE] > 0)[view.mask].any()
        assert not maps[NEGATIVE].any()
        over = next_hints(blank, view, np.ones(SIZE, dtype=np.float32), rng)
        assert not over[POSITIVE].any()
        if over[NEGATIVE].any():
            filled += 1
            assert (over[NEGATIVE] > 0)[~view.mask].any()
        assert not blank.any()
    assert missed > 20
    assert filled > 20


def test_spoiled_masks_are_wrong_in_part_and_still_about_the_object():
    overlaps = []
    for view, rng in views():
        if view.mask.sum() > 300:
            poor = degraded_mask(view.mask, view.other, rng) > 0.5
            overlaps.append((poor & view.mask).sum() / (poor | view.mask).sum())
    assert 0.4 < np.median(overlaps) < 0.98
    assert len({round(float(overlap), 3) for overlap in overlaps}) > 15


def overlap(found, truth) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def test_masks_that_strayed_are_worth_a_correction_and_never_empty():
    found = []
    for view, rng in views(60):
        if view.mask.sum() > 300:
            mask = drifted_mask(view.mask, view.other, rng)
            assert set(np.unique(mask)) <= {0.0, 1.0}
            assert mask.any()
            found.append(overlap(mask > 0, view.mask))
    assert 0.4 < np.median(found) < 0.85
    assert min(found) < 0.3


def test_corrections_give_a_mask_and_clicks_on_its_errors_alone():
    corrected = 0
    for view, rng in views(120):
        maps = first_hints(view, rng)
        prior, on, off = maps[PRIOR] > 0.5, maps[POSITIVE] > 0, maps[NEGATIVE] > 0
        if view.mask.sum() > 100 and prior.any() and off.any():
            corrected += 1
            assert (off & prior & ~view.mask).any()
            assert not on.any() or (on & view.mask & ~prior).any()
    assert corrected > 10


def test_several_wrong_regions_are_clicked_at_once_the_largest_first():
    n_clicks = set()
    for view, rng in views(80):
        answer = view.mask.copy()
        answer[:8, :8] = answer[:8, -8:] = answer[-8:, :8] = answer[-4:, -4:] = True
        wrong = answer & ~view.mask & view.known
        maps = next_hints(np.zeros((6, *SIZE), np.float32), view, answer.astype(np.float32), rng)
        assert not maps[POSITIVE].any()
        assert not maps[NEGATIVE].any() or (wrong & (maps[NEGATIVE] > 0)).any()
        n_clicks.add(cv2.connectedComponents((maps[NEGATIVE] > 0).astype(np.uint8))[0] - 1)
    assert {1, 3} <= n_clicks <= {0, 1, 2, 3}


def test_only_points_give_clicks_on_points():
    for view, rng in views(points=True):
        if view.known.any():
            maps = first_hints(view, rng)
            assert maps[[POSITIVE, NEGATIVE]].any()
            assert not maps[[TRACE, BOX]].any()


@pytest.mark.parametrize("channel", [POSITIVE, NEGATIVE])
def test_a_view_without_the_object_has_no_hints(channel):
    view = TrainingView(*(np.zeros(SIZE, dtype=bool) for _ in range(5)), True)
    assert not first_hints(view, np.random.default_rng(0))[channel].any()
