import numpy as np

from stages.propagate.overlaps import assign_pixels

RNG = np.random.default_rng(4)


def test_a_pixel_goes_to_the_mask_that_is_surest_of_it_and_to_a_given_mask_before_all():
    masks = [RNG.random((9, 13)) < 0.6 for _ in range(4)]
    trusts = [*(RNG.integers(0, 256, (9, 13), dtype=np.uint8) for _ in range(3)), None]
    sure = [np.full((9, 13), 256) if trust is None else trust.astype(int) for trust in trusts]
    parted = assign_pixels(masks, trusts)
    for y, x in np.ndindex(9, 13):
        claims = [(-sure[k][y, x], k) for k in range(4) if masks[k][y, x]]
        assert [bool(mask[y, x]) for mask in parted] == [bool(claims) and min(claims)[1] == k for k in range(4)]


def test_masks_that_overlap_nowhere_stay_as_they_are():
    left, right = np.arange(12).reshape(3, 4) % 4 < 2, np.arange(12).reshape(3, 4) % 4 > 2
    parted = assign_pixels([left, right], [np.zeros((6, 8), np.uint8), None])
    assert np.array_equal(parted, [left, right])
