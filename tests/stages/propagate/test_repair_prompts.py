import numpy as np

from schemas.object_masks import ObjectMask
from stages.propagate.motion import STILL, Motion
from stages.propagate.repair_prompts import repair_prompts

HEIGHT, WIDTH = 120, 200
NOTHING = np.zeros((HEIGHT, WIDTH), dtype=bool)


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
    (prompt,) = repair_prompts(row(mask), [], NOTHING, STILL)
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
    assert all(x >= 80 for x, _ in points(repair_prompts(row(mask, trust), [], NOTHING, STILL)[0], 1))
    doubtful = np.where(mask, 150, 0).astype(np.uint8)
    assert len(points(repair_prompts(row(mask, doubtful), [], NOTHING, STILL)[0], 1)) == 3


def test_a_second_prompt_has_the_box_of_all_that_moves_with_the_mask_unless_that_is_the_mask():
    mask, legs, apart = (
        box(slice(*r), slice(*c)) for r, c in (((30, 60), (40, 80)), ((60, 90), (50, 70)), ((20, 40), (150, 170)))
    )
    moving = Motion(np.where(mask | legs | apart, 255, 0).astype(np.uint8))
    first, whole = repair_prompts(row(mask), [], NOTHING, moving)
    assert whole.box_xyxy_px.tolist() == [40, 30, 80, 90]
    assert first.box_xyxy_px is None
    assert points(first, 1) == points(whole, 1)
    assert points(whole, 0) == []
    assert len(repair_prompts(row(mask | legs), [], NOTHING, moving)) == 1


def test_what_another_object_holds_does_not_move_with_the_mask():
    rider, horse = box(slice(30, 60), slice(40, 80)), box(slice(60, 90), slice(30, 100))
    moving = Motion(np.where(rider | horse, 255, 0).astype(np.uint8))
    assert len(repair_prompts(row(rider), [row(horse, object_id="horse")], horse, moving)) == 1


def test_near_objects_get_a_negative_click_and_far_ones_none():
    mask = box(slice(30, 60), slice(20, 50))
    near, far = (
        row(box(slice(30, 60), slice(52, 72)), object_id="near"),
        row(box(slice(90, 110), slice(170, 190)), object_id="far"),
    )
    negatives = points(repair_prompts(row(mask), [near, far], near.mask | far.mask, STILL)[0], 0)
    assert len(negatives) == 2
    assert sum(bool(near.mask[y, x]) for x, y in negatives) == 1
    assert not any(far.mask[y, x] for x, y in negatives)


def test_a_speck_and_a_mask_of_the_whole_frame_still_give_a_prompt():
    assert points(repair_prompts(row(box(slice(5, 6), slice(7, 8))), [], NOTHING, STILL)[0], 1) == [(7, 5)]
    (everything,) = repair_prompts(row(np.ones((HEIGHT, WIDTH), dtype=bool)), [], NOTHING, STILL)
    assert points(everything, 0) == []
