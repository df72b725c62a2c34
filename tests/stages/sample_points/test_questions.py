"""Which of the objects and masks of a video people are asked about."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.masks import Mask, encode_rle
from stages.sample_points.questions import is_unusable, questions, same_mask

GROUPS = {"a0": "actors", "a1": "actors", "a0n0": "actors/a0", "a0n1": "", "a1n0": "actors/a1"}
NAMES = ("a0", "a1", "a0n0", "a0n1", "a1n0")


def mask(object_id: str, frame_idx: int, x: int = 10, side: int = 20, quality: float = 0.8, **changes) -> Mask:
    """A square in a frame of 40 x 60."""
    drawn = np.zeros((40, 60), dtype=bool)
    drawn[10 : 10 + side, x : x + side] = True
    return Mask("v", object_id, frame_idx, 40, 60, encode_rle(drawn), "propagator", "m", quality, **changes)


def track(object_id: str, x: int = 10, n_frames: int = 30, **changes) -> list[Mask]:
    return [mask(object_id, idx, x, **changes) for idx in range(n_frames)]


def test_names_with_one_mask_are_one_question_and_the_actor_is_asked():
    masks = [*track("a0n1"), *track("a0n0"), *track("a0"), *track("a1", 35), *track("a1n0", 38)]
    found = questions(masks, NAMES, GROUPS, {})
    assert found.leaders == {"a0n0": "a0", "a0n1": "a0"}
    assert found.means == {"a0n0": "a0"}  # what "shirt" names may be another thing than the man whose mask it got
    assert [name for name in NAMES if found.ask(name, 0)] == ["a0", "a1", "a1n0"]


def test_objects_that_exclude_each_other_or_are_no_names_stay_questions_of_their_own():
    masks = [*track("a0"), *track("a1"), *track("1"), *track("2")]
    assert not questions(masks, NAMES, GROUPS, {}).leaders


@pytest.mark.parametrize(("shift_px", "is_one"), [(0, True), (1, True), (2, False)])
def test_one_mask_is_nine_tenths_overlap(shift_px, is_one):
    one, other = ({m.frame_idx: m for m in track("a0", x)} for x in (10, 10 + shift_px))
    assert same_mask(one, other) is is_one  # IoU 1, 19 / 21 and 18 / 22


def test_masks_that_meet_on_a_few_frames_only_are_not_one():
    one = {m.frame_idx: m for m in track("a0", n_frames=30)}
    assert same_mask(one, {idx: one[idx] for idx in range(15)})
    assert not same_mask(one, {idx: one[idx] for idx in range(14)})
    assert not same_mask(one, {idx + 100: m for idx, m in one.items()})


def test_a_mask_is_unusable_when_it_is_empty_very_bad_or_all_of_the_frame_from_a_small_hint():
    assert is_unusable(mask("a0", 0, side=0), 1.0)
    assert is_unusable(mask("a0", 0, quality=0.24), 1.0)
    assert not is_unusable(mask("a0", 0, quality=0.25), 0.1)
    whole = np.ones((40, 60), dtype=bool)
    whole[:4] = False
    covering = Mask("v", "a0", 0, 40, 60, encode_rle(whole), "propagator", "m", 0.9)
    assert is_unusable(covering, 0.49)
    assert not is_unusable(covering, 0.5)
    by_hand = Mask("v", "a0", 0, 40, 60, encode_rle(whole), "human", "m", 1.0)
    assert not is_unusable(by_hand, 0.0)


def test_unusable_masks_are_not_asked_about_and_the_other_frames_are():
    masks = [*track("1", n_frames=3), mask("1", 3, quality=0.1)]
    found = questions(masks, (), {}, {})
    assert found.unusable == {("1", 3)}
    assert [found.ask("1", idx) for idx in range(4)] == [True, True, True, False]
