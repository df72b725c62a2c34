from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from schemas.frames import Frame
from schemas.masks import Mask, encode_rle
from stages.sample_points.options import SamplingOptions
from stages.sample_points.sampling import sample_frame, sample_video
from stages.sample_points.strata import View

HEIGHT, WIDTH = 120, 160


def disk(x, y, radius):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


NOTHING = np.zeros((HEIGHT, WIDTH), dtype=bool)


GREY = np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8)
"""A frame whose colours say nothing."""


def draw(mask, others=NOTHING, image=GREY, quality=1.0, seed=0, **options):
    view = View.of(mask, others, image, None, quality)
    return sample_frame(view, SamplingOptions(**options), np.random.default_rng(seed))


def look(indices):
    """Grey frames."""
    return [Frame(idx, 0.0, np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8)) for idx in sorted(indices)]


def mask_row(object_id, frame_idx, mask, quality=0.8):
    return Mask("v", object_id, frame_idx, *mask.shape, encode_rle(mask), "propagator", "flow", quality)


def test_half_of_the_points_lie_inside_and_the_background_is_half_near_half_far():
    draws = draw(disk(70, 60, 25))
    assert Counter(d.stratum for d in draws) == {"interior": 10, "ring": 5, "elsewhere": 5}
    assert all(d.is_fg_candidate == (d.stratum == "interior") for d in draws)
    assert len({(d.x, d.y) for d in draws}) == 20


def test_distances_are_those_of_a_plain_distance_transform_and_bound_the_strata():
    mask = disk(70, 60, 25)
    inside, outside = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    for d in draw(mask):
        assert d.mask_distance_px == pytest.approx(inside[d.y, d.x] - outside[d.y, d.x], abs=1e-3)
        low, high = {"interior": (1, 99), "ring": (-14.2, -3), "elsewhere": (-999, -14)}[d.stratum]
        assert low < d.mask_distance_px < high


def test_other_objects_of_the_group_are_hard_negatives():
    other = disk(120, 60, 12)
    draws = draw(disk(60, 60, 20), other)
    hard = [d for d in draws if d.stratum == "other_object"]
    assert len(hard) == 3
    assert all(other[d.y, d.x] and not d.is_fg_candidate for d in hard)
    assert not any(other[d.y, d.x] for d in draws if d.stratum in ("ring", "elsewhere"))


def test_low_quality_keeps_the_background_away_from_the_edge():
    mask = disk(70, 60, 25)
    sure, doubtful = (
        max(d.mask_distance_px for seed in range(9) for d in draw(mask, quality=q, seed=seed) if not d.is_fg_candidate)
        for q in (1.0, 0.0)
    )
    assert sure > -6
    assert doubtful < -3 - 0.25 * 44


def test_a_share_of_the_points_asks_where_colours_leave_it_open():
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    image[disk(70, 60, 18)] = 200, 30, 30
    image[disk(70, 60, 32) & ~disk(70, 60, 18)] = 30, 200, 30  # inside the mask and outside alike
    draws = draw(disk(70, 60, 25), image=image, uncertain_share=0.2)
    unsure = [d for d in draws if d.stratum == "uncertain"]
    assert len(unsure) == 4
    assert all(disk(70, 60, 34)[d.y, d.x] and not disk(70, 60, 16)[d.y, d.x] for d in unsure)
    assert all(d.is_fg_candidate == (d.mask_distance_px > 0) for d in unsure)


def test_small_masks_give_fewer_points_and_tiny_ones_one():
    square = NOTHING.copy()
    square[50:60, 50:60] = True
    n_inside = [sum(d.is_fg_candidate for d in draw(m)) for m in (square, disk(50, 50, 1), NOTHING)]
    assert n_inside == [4, 1, 0]


def test_a_mask_over_the_whole_frame_has_no_background():
    draws = draw(~NOTHING)
    assert {d.stratum for d in draws} == {"interior"}


def test_the_probability_is_the_share_of_the_stratum_that_was_drawn():
    mask = disk(70, 60, 25)
    interior = [d for d in draw(mask, foreground_keep=1.0) if d.stratum == "interior"]
    area = (ndimage.distance_transform_edt(mask) > 1).sum()
    assert {d.probability for d in interior} == {10 / area}


def test_candidates_depend_on_the_question_and_not_on_the_order_of_the_masks():
    masks = [mask_row(i, t, disk(40 + 5 * t + 40 * int(i), 60, 15)) for i in "01" for t in range(6)]

    def sample(rows, **changes):
        options = replace(SamplingOptions(frames=3), **changes)
        return sample_video("v", rows, look, {"0": 2}, {"0": "a", "1": "a"}, options)

    candidates = sample(masks)
    assert candidates == sample(masks[::-1])
    assert [c for c in candidates if c.object_id == "0"] != [c for c in sample(masks, seed=1) if c.object_id == "0"]
    assert len({c.candidate_id for c in candidates}) == len(candidates) == 120
    assert {len(c.candidate_id) for c in candidates} == {32}
    assert 2 in {c.frame_idx for c in candidates if c.object_id == "0"}
    assert "other_object" in {c.stratum for c in candidates}


def test_objects_without_a_group_are_not_each_others_background():
    masks = [mask_row("shirt", 0, disk(60, 60, 10)), mask_row("man", 0, disk(80, 60, 20))]
    candidates = sample_video("v", masks, look, {}, {}, SamplingOptions())
    assert "other_object" not in {c.stratum for c in candidates}


def test_only_the_chosen_frames_are_looked_at_and_those_that_cannot_be_had_give_no_points():
    asked = []

    def without_the_first(indices):
        asked.append(sorted(indices))
        return look(sorted(indices)[1:])

    masks = [mask_row("0", t, disk(60, 60, 15)) for t in range(30)]
    candidates = sample_video("v", masks, without_the_first, {}, {}, SamplingOptions(frames=3))
    assert [len(indices) for indices in asked] == [3]
    assert {c.frame_idx for c in candidates} == set(asked[0][1:])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": 0}, "frames 0 must be at least 1"),
        ({"foreground_keep": 1.5}, r"foreground_keep 1.5 is not in \[0, 1\]"),
        ({"cover": -1.0}, r"cover -1.0 is not in \[0, 2\]"),
        ({"ring_inner_px": -1.0}, "ring_inner_px -1.0 is negative"),
        ({"uncertain_band": (0.7, 0.3)}, "uncertain_band"),
        ({"pixels_per_point": 0}, "pixels_per_point 0"),
    ],
)
def test_wrong_options_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        SamplingOptions(**changes)


@pytest.mark.parametrize("centre", [(70, 60), (4, 8), (158, 119)])
@pytest.mark.parametrize("quality", [0.2, 1.0])
def test_to_look_at_the_object_s_surroundings_only_changes_no_point(centre, quality):
    mask, others = disk(*centre, 9), disk(40, 60, 14) & ~disk(*centre, 9)
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    options = SamplingOptions(uncertain_share=0.2)
    near, whole = (View.of(mask, others, noise, None, quality, given) for given in (options, None))
    assert near.mask.size < whole.mask.size == mask.size
    assert sample_frame(near, options, np.random.default_rng(1)) == sample_frame(
        whole, options, np.random.default_rng(1)
    )
