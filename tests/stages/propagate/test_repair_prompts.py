import numpy as np

from schemas.object_masks import ObjectMask
from stages.propagate.motion import STILL, Motion
from stages.propagate.repair_prompts import repair_prompts

HEIGHT, WIDTH = 120, 200


def row(drawn, trust=None, object_id="it"):
    sure = np.where(drawn, 255, 0).astype(np.uint8) if trust is None else trust
    return ObjectMask("v", object_id, 3, drawn, "propagator", "by_hand", 0.4, sure)


def box(rows, columns):
    drawn = np.zeros((HEIGHT, WIDTH), dtype=bool)
    drawn[rows, columns] = True
    return drawn


def points(prompt, label):
    return [tuple(map(int, xy)) for xy in prompt.points_px[prompt.labels == label]]


def test_three_clicks_lie_deep_in_the_mask_and_one_on_the_ground():
    mask = box(slice(30, 71), slice(40, 121))
    (prompt,) = repair_prompts(row(mask), [], STILL)
    assert (prompt.object_id, prompt.kind) == ("it", "repair")
    positives, negatives = points(prompt, 1), points(prompt, 0)
    assert len(positives) == 3
    assert len(negatives) == 1
    assert positives[0][1] == 50  # half-way down
    assert all(36 <= y <= 64 and 46 <= x <= 114 for x, y in positives)
    assert max(x for x, _ in positives) - min(x for x, _ in positives) > 40
    assert not mask[negatives[0][1], negatives[0][0]]
    assert np.array_equal(prompt.support_px, prompt.points_px[:3])


def test_clicks_lie_where_the_tracker_is_sure():
    mask = box(slice(30, 70), slice(40, 120))
    trust = np.where(box(slice(30, 70), slice(80, 120)), 255, np.where(mask, 150, 0)).astype(np.uint8)
    assert all(x >= 80 for x, _ in points(repair_prompts(row(mask, trust), [], STILL)[0], 1))
    doubtful = np.where(mask, 150, 0).astype(np.uint8)
    assert len(points(repair_prompts(row(mask, doubtful), [], STILL)[0], 1)) == 3


def test_a_second_prompt_clicks_what_moves_unless_next_to_nothing_does():
    mask = box(slice(30, 70), slice(40, 120))
    moving, speck = box(slice(30, 70), slice(40, 70)), box(slice(30, 70), slice(40, 52))
    sure, moved = repair_prompts(row(mask), [], Motion(np.where(moving, 255, 0).astype(np.uint8)))
    assert not all(moving[y, x] for x, y in points(sure, 1))
    assert all(moving[y, x] for x, y in points(moved, 1))
    assert points(sure, 0) == points(moved, 0)
    assert len(repair_prompts(row(mask), [], Motion(np.where(speck, 255, 0).astype(np.uint8)))) == 1


def test_near_objects_get_a_negative_click_and_far_ones_none():
    mask = box(slice(30, 60), slice(20, 50))
    near, far = (
        row(box(slice(30, 60), slice(52, 72)), object_id="near"),
        row(box(slice(90, 110), slice(170, 190)), object_id="far"),
    )
    negatives = points(repair_prompts(row(mask), [near, far], STILL)[0], 0)
    assert len(negatives) == 2
    assert sum(bool(near.mask[y, x]) for x, y in negatives) == 1
    assert not any(far.mask[y, x] for x, y in negatives)


def test_a_speck_and_a_mask_of_the_whole_frame_still_give_a_prompt():
    assert points(repair_prompts(row(box(slice(5, 6), slice(7, 8))), [], STILL)[0], 1) == [(7, 5)]
    (everything,) = repair_prompts(row(np.ones((HEIGHT, WIDTH), dtype=bool)), [], STILL)
    assert points(everything, 0) == []
